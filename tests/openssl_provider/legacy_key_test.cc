// MakeLegacyKey, used as Qt does: the RSA or EC_KEY is taken out of the key, and put into another one.
#define OPENSSL_SUPPRESS_DEPRECATED  // that is what this is about

#include "base/openssl_ptr.h"
#include <signet/identity_source.h>
#include <signet/openssl_key.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/test_pki.h>

#include <gmock/gmock.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;

const Bytes kMessage = {'p', 'a', 'y', ' ', 'B', 'o', 'b'};

class LegacyKey : public ::testing::TestWithParam<std::string> {
 protected:
  LegacyKey() {
    token_.UseInThisProcess();
    token_.Import(alice_, {.id = "\x01"});
    Settings settings;
    settings.modules = {testing::SoftHsm::module_path()};
    identity_ = IdentitySource(settings).Open(token_.ObjectUri("\x01", true));
  }

  // Moved is a new key of what was taken out of the first one.
  static OpenSslPtr<EVP_PKEY> Moved(openssl::KeyPtr key) {
    OpenSslPtr<EVP_PKEY> other(EVP_PKEY_new());
    int set = 0;
    if (EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_RSA) {
      RSA* const rsa = EVP_PKEY_get1_RSA(key.get());
      set = EVP_PKEY_assign_RSA(other.get(), rsa);
    } else {
      EC_KEY* const ec = EVP_PKEY_get1_EC_KEY(key.get());
      set = EVP_PKEY_assign_EC_KEY(other.get(), ec);
    }
    EXPECT_EQ(set, 1);
    return other;
  }

  static Bytes Sign(EVP_PKEY* key, int padding) {
    const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* parameters = nullptr;
    EXPECT_EQ(EVP_DigestSignInit(context.get(), &parameters, EVP_sha256(), nullptr, key), 1);
    if (padding != 0) {
      EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(parameters, padding), 1);
    }
    Bytes signature(512);
    std::size_t size = signature.size();
    if (EVP_DigestSign(context.get(), signature.data(), &size, kMessage.data(), kMessage.size()) != 1)
      size = 0;
    signature.resize(size);
    return signature;
  }

  // Verifies tells whether the certificate's key takes the signature.
  bool Verifies(const Bytes& signature, int padding) const {
    const OpenSslPtr<EVP_MD_CTX> context(EVP_MD_CTX_new());
    EVP_PKEY* const key = X509_get0_pubkey(identity_->leaf().native());
    EVP_PKEY_CTX* parameters = nullptr;
    EXPECT_EQ(EVP_DigestVerifyInit(context.get(), &parameters, EVP_sha256(), nullptr, key), 1);
    if (padding != 0) {
      EXPECT_EQ(EVP_PKEY_CTX_set_rsa_padding(parameters, padding), 1);
    }
    return EVP_DigestVerify(context.get(), signature.data(), signature.size(), kMessage.data(),
                            kMessage.size()) == 1;
  }

  std::vector<int> Paddings() const {
    if (GetParam() == "ec:P-256") return {0};
    return {RSA_PKCS1_PADDING, RSA_PKCS1_PSS_PADDING};
  }

  testing::TestIdentity alice_ = testing::TestPki().Issue({.key = GetParam()});
  testing::SoftHsm token_;
  std::optional<Identity> identity_;
};

TEST_P(LegacyKey, SignsOnTheTokenAfterItWasTakenApart) {
  const OpenSslPtr<EVP_PKEY> key = Moved(openssl::MakeLegacyKey(*identity_));
  for (const int padding : Paddings()) EXPECT_TRUE(Verifies(Sign(key.get(), padding), padding)) << padding;
}

TEST_P(LegacyKey, ACopyOutlivesTheFirst) {
  OpenSslPtr<EVP_PKEY> key = Moved(openssl::MakeLegacyKey(*identity_));
  const OpenSslPtr<EVP_PKEY> copy(EVP_PKEY_dup(key.get()));
  key.reset();
  if (copy == nullptr) return;  // OpenSSL does not copy keys with a method of their own
  for (const int padding : Paddings()) EXPECT_TRUE(Verifies(Sign(copy.get(), padding), padding)) << padding;
}

TEST_P(LegacyKey, AnErrorOfTheTokenIsInTheQueue) {
  const OpenSslPtr<EVP_PKEY> key = Moved(openssl::MakeLegacyKey(*identity_));
  token_.Remove({.id = "\x01"});
  ERR_clear_error();
  EXPECT_TRUE(Sign(key.get(), 0).empty());
  const char* text = nullptr;
  int flags = 0;
  ASSERT_NE(ERR_peek_error_data(&text, &flags), 0u);
  EXPECT_THAT(text, HasSubstr(token_.label()));
}

INSTANTIATE_TEST_SUITE_P(Types, LegacyKey, ::testing::Values("rsa:2048", "ec:P-256"),
                         [](const auto& row) { return row.param.substr(0, 2); });

}  // namespace
}  // namespace signet
