#include "identity/hashes.h"
#include "openssl_provider/algorithm_rows.h"
#include "openssl_provider/counting_key.h"
#include "openssl_provider/library_context.h"
#include "openssl_provider/provider_entry.h"
#include <signet/testing/test_pki.h>

#include <gmock/gmock.h>
#include <openssl/opensslv.h>

namespace signet {
namespace {

#if OPENSSL_VERSION_PREREQ(3, 4)

using provider::MakeKey;
using testing::TestPki;
using Signature = std::vector<std::uint8_t>;
using SignatureMethod = std::unique_ptr<EVP_SIGNATURE, decltype(&EVP_SIGNATURE_free)>;

const std::string kMessage = "what is signed";

const unsigned char* Text() { return reinterpret_cast<const unsigned char*>(kMessage.data()); }

std::vector<std::string> Names() {
  std::vector<std::string> names = {"ED25519", "ED448"};
  for (const auto& entry : provider::kSigalgRows) {
    const std::string_view all = entry.names;
    names.emplace_back(all.substr(0, all.find(':')));
  }
  return names;
}

class Sigalg : public ::testing::TestWithParam<std::string> {
 protected:
  bool edwards() const { return GetParam().starts_with("ED"); }
  std::string KeyName() const {
    if (GetParam().starts_with("RSA")) return "rsa:2048";
    if (GetParam().starts_with("ECDSA")) return "ec:P-256";
    return GetParam() == "ED448" ? "ed448" : "ed25519";
  }
  OpenSslPtr<EVP_PKEY_CTX> Context(EVP_PKEY* key) const {
    return OpenSslPtr<EVP_PKEY_CTX>(EVP_PKEY_CTX_new_from_pkey(context_.get(), key, nullptr));
  }
  // SoftwareVerifies asks `default`, with its own implementation of the same algorithm.
  bool SoftwareVerifies(const Signature& signature) const {
    EVP_PKEY* const key = X509_get0_pubkey(certificate_.get());
    const SignatureMethod theirs(EVP_SIGNATURE_fetch(context_.get(), GetParam().c_str(), "provider=default"),
                                 EVP_SIGNATURE_free);
    const auto verifying = Context(key);
    return EVP_PKEY_verify_message_init(verifying.get(), theirs.get(), nullptr) == 1 &&
           EVP_PKEY_verify(verifying.get(), signature.data(), signature.size(), Text(), kMessage.size()) == 1;
  }

  const testing::TestIdentity identity_ = TestPki().Issue({.key = KeyName()});
  const std::shared_ptr<CountingKey> token_key_ = std::make_shared<CountingKey>(identity_);
  const LibraryContext context_;
  const OpenSslPtr<EVP_PKEY> key_ = MakeKey(context_.get(), token_key_);
  const OpenSslPtr<X509> certificate_{[this] {
    X509* made = X509_new_ex(context_.get(), nullptr);
    const unsigned char* position = identity_.certificate.der().data();
    return d2i_X509(&made, &position, static_cast<long>(identity_.certificate.der().size()));
  }()};
  const SignatureMethod ours_{EVP_SIGNATURE_fetch(context_.get(), GetParam().c_str(), "provider=signet"),
                              EVP_SIGNATURE_free};
};

TEST_P(Sigalg, SignsAMessageAtOnce) {
  ASSERT_NE(ours_, nullptr) << TakeErrors();
  const auto signing = Context(key_.get());
  ASSERT_EQ(EVP_PKEY_sign_message_init(signing.get(), ours_.get(), nullptr), 1) << TakeErrors();
  std::size_t size = 0;
  ASSERT_EQ(EVP_PKEY_sign(signing.get(), nullptr, &size, Text(), kMessage.size()), 1) << TakeErrors();
  EXPECT_EQ(token_key_->signatures, 0);
  Signature signature(size);
  ASSERT_EQ(EVP_PKEY_sign(signing.get(), signature.data(), &size, Text(), kMessage.size()), 1)
      << TakeErrors();
  signature.resize(size);
  EXPECT_EQ(token_key_->signatures, 1);
  EXPECT_TRUE(SoftwareVerifies(signature)) << TakeErrors();

  const auto verifying = Context(key_.get());
  ASSERT_EQ(EVP_PKEY_verify_message_init(verifying.get(), ours_.get(), nullptr), 1) << TakeErrors();
  EXPECT_EQ(EVP_PKEY_verify(verifying.get(), signature.data(), size, Text(), kMessage.size()), 1);
  EXPECT_EQ(token_key_->signatures, 1) << "verification must stay in software";
}

TEST_P(Sigalg, SignsAndVerifiesAMessageInPieces) {
  if (edwards()) {
    const auto signing = Context(key_.get());
    ASSERT_EQ(EVP_PKEY_sign_message_init(signing.get(), ours_.get(), nullptr), 1);
    EXPECT_NE(EVP_PKEY_sign_message_update(signing.get(), Text(), 1), 1) << "EdDSA reads its message twice";
    return;
  }
  const auto signing = Context(key_.get());
  ASSERT_EQ(EVP_PKEY_sign_message_init(signing.get(), ours_.get(), nullptr), 1) << TakeErrors();
  ASSERT_EQ(EVP_PKEY_sign_message_update(signing.get(), Text(), 4), 1) << TakeErrors();
  ASSERT_EQ(EVP_PKEY_sign_message_update(signing.get(), Text() + 4, kMessage.size() - 4), 1);
  Signature signature(512);
  std::size_t size = signature.size();
  ASSERT_EQ(EVP_PKEY_sign_message_final(signing.get(), signature.data(), &size), 1) << TakeErrors();
  signature.resize(size);
  EXPECT_TRUE(SoftwareVerifies(signature)) << TakeErrors();

  const auto verifying = Context(key_.get());
  ASSERT_EQ(EVP_PKEY_verify_message_init(verifying.get(), ours_.get(), nullptr), 1) << TakeErrors();
  ASSERT_EQ(EVP_PKEY_CTX_set_signature(verifying.get(), signature.data(), size), 1) << TakeErrors();
  ASSERT_EQ(EVP_PKEY_verify_message_update(verifying.get(), Text(), kMessage.size()), 1) << TakeErrors();
  EXPECT_EQ(EVP_PKEY_verify_message_final(verifying.get()), 1) << TakeErrors();
}

TEST_P(Sigalg, SignsADigestOfItsOwnHash) {
  const auto signing = Context(key_.get());
  if (edwards()) {
    EXPECT_NE(EVP_PKEY_sign_init_ex2(signing.get(), ours_.get(), nullptr), 1) << "pure EdDSA signs no digest";
    return;
  }
  const std::string hash = GetParam().substr(GetParam().find('-') + 1);
  const auto digest = Digest(HashFromName(hash).value(), {Text(), kMessage.size()});
  ASSERT_EQ(EVP_PKEY_sign_init_ex2(signing.get(), ours_.get(), nullptr), 1) << TakeErrors();
  Signature signature(512);
  std::size_t size = signature.size();
  ASSERT_EQ(EVP_PKEY_sign(signing.get(), signature.data(), &size, digest.data(), digest.size()), 1)
      << TakeErrors();
  signature.resize(size);
  EXPECT_TRUE(SoftwareVerifies(signature)) << TakeErrors();
}

INSTANTIATE_TEST_SUITE_P(All, Sigalg, ::testing::ValuesIn(Names()), [](const auto& row) {
  std::string name = row.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

#else

TEST(Sigalg, NoneBeforeOpenSslKnowsThem) { EXPECT_TRUE(provider::kSigalgRows.empty()); }

#endif

}  // namespace
}  // namespace signet
