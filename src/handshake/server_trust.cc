#include "handshake/server_trust.h"

#include <utility>

namespace signet::inline handshake {

Error UnreadableTrust(const Error& error) {
  Error::Fields fields = error.fields();
  fields.detail = "no trusted certificate: " + fields.detail;
  fields.hint = kNameATrustFile;
  return Error(std::move(fields));
}

}  // namespace signet::inline handshake
