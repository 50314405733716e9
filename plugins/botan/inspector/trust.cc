#include "botan/inspector/trust.h"

#include "base/file.h"
#include "handshake/messages.h"
#include "handshake/server_trust.h"

#include <botan/certstor_system.h>
#include <fmt/format.h>

namespace signet::botan {
namespace {

constexpr std::uint64_t kLargestTrustFile = 16 << 20;

// TrustManager trusts one store, for servers and for clients.
class TrustManager : public Botan::Credentials_Manager {
 public:
  explicit TrustManager(std::unique_ptr<Botan::Certificate_Store> store) : store_(std::move(store)) {}
  std::vector<Botan::Certificate_Store*> trusted_certificate_authorities(const std::string&,
                                                                         const std::string&) override {
    return {store_.get()};
  }

 private:
  std::unique_ptr<Botan::Certificate_Store> store_;
};

std::unique_ptr<Botan::Certificate_Store> ReadTrust(const std::string& file) {
  if (file.empty()) return std::make_unique<Botan::System_Certificate_Store>();
  const ByteVector text = ReadFile(file, kLargestTrustFile);
  auto store = std::make_unique<Botan::Certificate_Store_In_Memory>();
  for (const Certificate& certificate :
       Certificate::FromPem({reinterpret_cast<const char*>(text.data()), text.size()})) {
    store->add_certificate(Botan::X509_Certificate(certificate.der().data(), certificate.der().size()));
  }
  return store;
}

}  // namespace

std::shared_ptr<Botan::Credentials_Manager> MakeTrust(const std::string& file) {
  try {
    return std::make_shared<TrustManager>(ReadTrust(file));
  } catch (const Error& error) {
    throw UnreadableTrust(error);
  } catch (const std::exception& exception) {
    throw Error({.code = ErrorCode::kUnreadable,
                 .detail = file.empty() ? std::string("the system's trusted certificates cannot be read")
                                        : fmt::format("no trusted certificate can be read from {}: {}", file,
                                                      exception.what()),
                 .hint = std::string(kNameATrustFile)});
  }
}

std::shared_ptr<const Botan::TLS::Policy> MakePolicy(std::optional<std::uint16_t> version) {
  if (version == kTls13 && !kHasTls13) {
    throw Error({.code = ErrorCode::kUnsupported,
                 .detail = "Botan 2 has no TLS 1.3",
                 .hint = "Omit --tls 1.3, or use --stack openssl."});
  }
  return std::make_shared<ChannelPolicy>(version != kTls13, version != kTls12);
}

}  // namespace signet::botan
