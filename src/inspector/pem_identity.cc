#include "inspector/pem_identity.h"

#include "base/file.h"

namespace signet::inline inspector {
namespace {

constexpr std::uint64_t kLargestFile = 1 << 20;

}  // namespace

Identity ReadPemIdentity(const std::string& certificate_file, const std::string& key_file) {
  const std::vector<std::uint8_t> certificates = ReadFile(certificate_file, kLargestFile);
  const Secret key = ReadSecretFile(key_file);
  try {
    return Identity::FromPem({reinterpret_cast<const char*>(certificates.data()), certificates.size()},
                             key.view());
  } catch (const Error& error) {
    const bool of_key = error.code() != ErrorCode::kMalformed || error.call() == "PEM_read_bio_PrivateKey_ex";
    throw error.WithUri(of_key ? key_file : certificate_file);
  }
}

}  // namespace signet::inline inspector
