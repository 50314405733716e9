#include "gnutls/guard.h"

#include <exception>

namespace signet::gnutls {

signet_error* Raised() noexcept {
  try {
    throw;
  } catch (const Refused& refused) {
    return signet_error_new(refused.code, refused.what(),
                            refused.code == SIGNET_ERROR_BAD_ARGUMENT
                                ? "Correct the program."
                                : "Use another identity, or another TLS stack.");
  } catch (const std::exception& error) {
    return signet_error_new(SIGNET_ERROR_INTERNAL, error.what(), nullptr);
  } catch (...) {
    return signet_error_new(SIGNET_ERROR_INTERNAL, "an unknown exception", nullptr);
  }
}

}  // namespace signet::gnutls
