#include "selection/small_pki.h"

#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include <signet/error.h>

#include <map>
#include <mutex>

#include <fmt/format.h>
#include <openssl/rsa.h>

namespace signet::testing {
namespace {

OpenSslPtr<X509_NAME> MakeName(const std::vector<NamePart>& parts) {
  OpenSslPtr<X509_NAME> name(X509_NAME_new());
  for (const NamePart& part : parts) {
    CheckOpenSsl(X509_NAME_add_entry_by_txt(name.get(), part.attribute, part.type,
                                            reinterpret_cast<const unsigned char*>(part.value.data()),
                                            static_cast<int>(part.value.size()), -1, 0),
                 "X509_NAME_add_entry_by_txt");
  }
  return name;
}

OpenSslPtr<EVP_PKEY> Generate(const std::string& kind) {
  const auto rsa = [](const char* type, std::size_t bits) {
    return EVP_PKEY_Q_keygen(OwnContext(), nullptr, type, bits);
  };
  const auto ec = [](const char* curve) { return EVP_PKEY_Q_keygen(OwnContext(), nullptr, "EC", curve); };
  EVP_PKEY* key = kind == "rsa2048"     ? rsa("RSA", 2048)
                  : kind == "rsa1024"   ? rsa("RSA", 1024)
                  : kind == "rsapss"    ? nullptr
                  : kind == "p384"      ? ec("P-384")
                  : kind == "p521"      ? ec("P-521")
                  : kind == "brainpool" ? ec("brainpoolP256r1")
                  : kind == "ed25519"   ? EVP_PKEY_Q_keygen(OwnContext(), nullptr, "ED25519")
                  : kind == "ed448"     ? EVP_PKEY_Q_keygen(OwnContext(), nullptr, "ED448")
                                        : ec("P-256");
  if (kind == "rsapss") {
    const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(OwnContext(), "RSA-PSS", nullptr));
    CheckOpenSsl(EVP_PKEY_keygen_init(context.get()), "EVP_PKEY_keygen_init");
    CheckOpenSsl(EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), 2048), "EVP_PKEY_CTX_set_rsa_keygen_bits");
    CheckOpenSsl(EVP_PKEY_generate(context.get(), &key), "EVP_PKEY_generate");
  }
  return OpenSslPtr<EVP_PKEY>(CheckOpenSsl(key, "EVP_PKEY_Q_keygen"));
}

void AddExtension(X509* certificate, int nid, const std::string& value) {
  if (value.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const OpenSslPtr<X509_EXTENSION> extension(
      CheckOpenSsl(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()), "X509V3_EXT_conf_nid"));
  CheckOpenSsl(X509_add_ext(certificate, extension.get(), -1), "X509_add_ext");
}

std::string CaKey(const std::string& ca) { return "p256/ca-" + ca; }
std::vector<NamePart> CaName(const std::string& ca) {
  return {{.attribute = "O", .value = "Test CAs"}, {.attribute = "CN", .value = "CA " + ca}};
}
// CaParent: "A2" is certified by "A1", that by "A", that by itself.
std::string CaParent(const std::string& ca) {
  if (ca.size() < 2) return ca;
  const int number = std::stoi(ca.substr(1));
  return number == 1 ? ca.substr(0, 1) : fmt::format("{}{}", ca[0], number - 1);
}

struct Contents {
  std::string key;
  std::vector<NamePart> subject;
  std::string issuer;
  double from, to;
  std::string constraints, key_usage, purposes, names, netscape;
  std::string hash = "SHA256";
};

Certificate Issue(const Contents& contents) {
  static long serial = 1;
  const OpenSslPtr<X509> certificate(X509_new_ex(OwnContext(), nullptr));
  X509* x = certificate.get();
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
  X509_set_subject_name(x, MakeName(contents.subject).get());
  X509_set_issuer_name(x, MakeName(CaName(contents.issuer)).get());
  ASN1_TIME_set(X509_getm_notBefore(x), kNowSeconds + static_cast<std::int64_t>(contents.from * 86400));
  ASN1_TIME_set(X509_getm_notAfter(x), kNowSeconds + static_cast<std::int64_t>(contents.to * 86400));
  X509_set_pubkey(x, TestKey(contents.key));
  AddExtension(x, NID_basic_constraints, contents.constraints);
  AddExtension(x, NID_key_usage, contents.key_usage);
  AddExtension(x, NID_ext_key_usage, contents.purposes);
  AddExtension(x, NID_subject_alt_name, contents.names);
  AddExtension(x, NID_netscape_cert_type, contents.netscape);
  CheckOpenSsl(X509_sign(x, TestKey(CaKey(contents.issuer)), EVP_get_digestbyname(contents.hash.c_str())),
               "X509_sign");
  unsigned char* der = nullptr;
  const int size = i2d_X509(x, &der);
  const OpenSslPtr<unsigned char> owned(der);
  return Certificate::FromDer({der, static_cast<std::size_t>(size)});
}

// FakeKey signs nothing: choosing needs no signature, and must not ask for one.
class FakeKey : public PrivateKey {
 public:
  explicit FakeKey(const Leaf& leaf) : leaf_(leaf), key_(PublicKey::FromNative(TestKey(leaf.key))) {
    if (!leaf.held_key.empty()) held_ = PublicKey::FromNative(TestKey(leaf.held_key));
  }
  // HoldAnother makes the key turn out to be another one, as a token's may when it is unlocked.
  void HoldAnother() { another_ = held_.has_value(); }

  KeyType type() const noexcept override { return key_.type(); }
  std::span<const std::uint8_t> subject_public_key_info() const noexcept override {
    return another_ ? held_->spki() : key_.spki();
  }
  Proof proof() const noexcept override { return Proof::kDone; }
  std::vector<SignatureScheme> schemes() const override {
    std::vector<SignatureScheme> schemes;
    if (!leaf_.signs) return schemes;
    for (const SignatureScheme scheme : SchemesFor(key_.type(), key_.curve(), key_.bits())) {
      if (leaf_.pss || RowOf(scheme).algorithm.kind != SigningAlgorithm::Kind::kRsaPss)
        schemes.push_back(scheme);
    }
    return schemes;
  }
  std::size_t max_signature_size() const noexcept override { return key_.max_signature_size(); }
  bool Supports(const SigningAlgorithm& algorithm) const override {
    return leaf_.signs && type() == KeyType::kEc && algorithm.kind == SigningAlgorithm::Kind::kEcdsa;
  }
  std::size_t Sign(const SigningAlgorithm&, std::span<const std::uint8_t>, std::span<std::uint8_t>) override {
    throw Error({.code = ErrorCode::kInternal, .detail = "a selection asked for a signature"});
  }
  void Unlock() override {
    throw Error({.code = ErrorCode::kInternal, .detail = "a selection asked for a PIN"});
  }
  bool locked() const override { return leaf_.hardware; }
  std::optional<Error> Unavailable() const override {
    if (!leaf_.unavailable) return std::nullopt;
    return Error({.code = *leaf_.unavailable, .detail = "the token is gone"});
  }
  bool in_hardware() const noexcept override { return leaf_.hardware; }

 private:
  Leaf leaf_;
  PublicKey key_;
  std::optional<PublicKey> held_;
  bool another_ = false;
};

}  // namespace

std::vector<std::uint8_t> NameDer(const std::vector<NamePart>& parts) {
  const auto name = MakeName(parts);
  unsigned char* der = nullptr;
  const int size = i2d_X509_NAME(name.get(), &der);
  const OpenSslPtr<unsigned char> owned(der);
  return {der, der + size};
}

EVP_PKEY* TestKey(const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, OpenSslPtr<EVP_PKEY>> keys;
  const std::lock_guard lock(mutex);
  auto& key = keys[name];
  if (key == nullptr) key = Generate(name.substr(0, name.find('/')));
  return key.get();
}

TimePoint Now() { return TimePoint(std::chrono::seconds(kNowSeconds)); }

Certificate CaCertificate(const std::string& name, double to) {
  static std::mutex mutex;
  static std::map<std::pair<std::string, double>, Certificate> certificates;
  const std::lock_guard lock(mutex);
  auto found = certificates.find({name, to});
  if (found == certificates.end()) {
    const Certificate made = Issue({.key = CaKey(name),
                                    .subject = CaName(name),
                                    .issuer = CaParent(name),
                                    .from = -1000,
                                    .to = to,
                                    .constraints = "critical,CA:TRUE",
                                    .key_usage = "keyCertSign"});
    found = certificates.emplace(std::pair(name, to), made).first;
  }
  return found->second;
}

Certificate CrossCertificate(const std::string& name, const std::string& issuer, double to) {
  return Issue({.key = CaKey(name),
                .subject = CaName(name),
                .issuer = issuer,
                .from = -1000,
                .to = to,
                .constraints = "critical,CA:TRUE",
                .key_usage = "keyCertSign"});
}

Certificate MakeCertificate(const Leaf& leaf) {
  return Issue({.key = leaf.key,
                .subject = {{.attribute = "CN", .value = leaf.subject}},
                .issuer = leaf.issuer,
                .from = leaf.from,
                .to = leaf.to,
                .key_usage = leaf.key_usage,
                .purposes = leaf.purposes,
                .names = leaf.names,
                .netscape = leaf.netscape,
                .hash = leaf.signature_hash});
}

Identity MakeIdentity(const Leaf& leaf) {
  std::vector<Certificate> others;
  for (std::string ca = leaf.issuer; leaf.with_chain; ca = CaParent(ca)) {
    others.push_back(CaCertificate(ca, leaf.ca_to));
    if (ca == CaParent(ca)) break;
  }
  const auto key = std::make_shared<FakeKey>(leaf);
  Identity identity = Identity::Make(CertificateChain(MakeCertificate(leaf), others), key,
                                     leaf.hardware ? Identity::Source::kPkcs11 : Identity::Source::kPkcs12,
                                     leaf.uri.empty() ? fmt::format("pkcs12:{}", leaf.subject) : leaf.uri);
  key->HoldAnother();
  return identity;
}

}  // namespace signet::testing
