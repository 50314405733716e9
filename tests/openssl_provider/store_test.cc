#include "openssl_provider/library_context.h"
#include <signet/testing/soft_hsm.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>
#include <signet/testing/wrapped_module.h>

#include <gmock/gmock.h>
#include <openssl/store.h>
#include <openssl/ui.h>

namespace signet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::MakePkcs12;
using ::testing::Pair;
using testing::SoftHsm;
using testing::TemporaryDirectory;
using testing::TestIdentity;
using testing::TestPki;
using ::testing::UnorderedElementsAre;
using testing::WrappedModule;

using Store = OpenSslPtr<OSSL_STORE_CTX>;

Store Open(OSSL_LIB_CTX* library, const std::string& uri, const OSSL_PARAM* params = nullptr,
           const UI_METHOD* method = nullptr, void* data = nullptr) {
  return Store(OSSL_STORE_open_ex(uri.c_str(), library, nullptr, method, data, params, nullptr, nullptr));
}

// Types reads a store to its end: what kinds of objects there were, in order.
std::vector<int> Types(OSSL_STORE_CTX* store) {
  std::vector<int> types;
  while (OSSL_STORE_eof(store) != 1) {
    const OpenSslPtr<OSSL_STORE_INFO> info(OSSL_STORE_load(store));
    if (info != nullptr) types.push_back(OSSL_STORE_INFO_get_type(info.get()));
  }
  return types;
}

// Subjects reads a store to its end: the common names of its certificates, in order.
std::vector<std::string> Subjects(OSSL_STORE_CTX* store) {
  std::vector<std::string> names;
  while (OSSL_STORE_eof(store) != 1) {
    const OpenSslPtr<OSSL_STORE_INFO> info(OSSL_STORE_load(store));
    if (info == nullptr || OSSL_STORE_INFO_get_type(info.get()) != OSSL_STORE_INFO_CERT) continue;
    char name[64] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(OSSL_STORE_INFO_get0_CERT(info.get())), NID_commonName,
                              name, sizeof name);
    names.emplace_back(name);
  }
  return names;
}

// BySubjectOf looks for what `identity`, which it refers to, is called.
OpenSslPtr<OSSL_STORE_SEARCH> BySubjectOf(const TestIdentity& identity) {
  return OpenSslPtr<OSSL_STORE_SEARCH>(OSSL_STORE_SEARCH_by_name(
      const_cast<X509_NAME*>(X509_get_subject_name(identity.certificate.native()))));
}

OpenSslPtr<EVP_PKEY> FirstKey(OSSL_STORE_CTX* store) {
  while (OSSL_STORE_eof(store) != 1) {
    const OpenSslPtr<OSSL_STORE_INFO> info(OSSL_STORE_load(store));
    if (info != nullptr && OSSL_STORE_INFO_get_type(info.get()) == OSSL_STORE_INFO_PKEY) {
      return OpenSslPtr<EVP_PKEY>(OSSL_STORE_INFO_get1_PKEY(info.get()));
    }
  }
  return nullptr;
}

// A token behind a module that counts, named to the store by a parameter: no openssl.cnf, no environment.
class TokenStore : public ::testing::Test {
 protected:
  Store OpenToken(const std::string& uri) {
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string("pkcs11-module-path", const_cast<char*>(module_.path().c_str()), 0),
        OSSL_PARAM_construct_end()};
    return Open(context_.get(), uri, params);
  }

  const TestIdentity identity_ = TestPki().Issue({.key = "ec:P-256"});
  SoftHsm token_;
  WrappedModule module_{token_};
  const LibraryContext context_;
};

TEST_F(TokenStore, SignatureIsTwoCallsAndVerificationNone) {
  token_.Import(identity_, {.id = "\x07", .label = "alice"});
  const Store store = OpenToken(token_.ObjectUri("\x07", true));
  ASSERT_NE(store, nullptr) << TakeErrors();
  ASSERT_EQ(OSSL_STORE_expect(store.get(), OSSL_STORE_INFO_PKEY), 1);
  const OpenSslPtr<EVP_PKEY> key = FirstKey(store.get());
  ASSERT_NE(key, nullptr) << TakeErrors();
  EXPECT_STREQ(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key.get())), "signet");
  const unsigned char message[] = "message";
  std::array<unsigned char, 128> signature;
  std::size_t size = 0;
  for (int i = 0; i < 10; ++i) {
    if (i == 1) module_.Reset();  // the first one may still open a session
    const OpenSslPtr<EVP_MD_CTX> signing(EVP_MD_CTX_new());
    ASSERT_EQ(
        EVP_DigestSignInit_ex(signing.get(), nullptr, "SHA256", context_.get(), nullptr, key.get(), nullptr),
        1);
    ASSERT_EQ(EVP_DigestSign(signing.get(), nullptr, &size, message, sizeof message), 1);
    ASSERT_EQ(EVP_DigestSign(signing.get(), signature.data(), &size, message, sizeof message), 1)
        << TakeErrors();
    const OpenSslPtr<EVP_MD_CTX> verifying(EVP_MD_CTX_new());
    ASSERT_EQ(EVP_DigestVerifyInit_ex(verifying.get(), nullptr, "SHA256", context_.get(), nullptr, key.get(),
                                      nullptr),
              1);
    ASSERT_EQ(EVP_DigestVerify(verifying.get(), signature.data(), size, message, sizeof message), 1);
  }
  EXPECT_THAT(module_.Counts(), UnorderedElementsAre(Pair("C_SignInit", 9), Pair("C_Sign", 9)));
}

TEST_F(TokenStore, CertificateAloneNeedsNoPin) {
  token_.Import(identity_, {.id = "\x07", .label = "alice"});
  const Store store = OpenToken(token_.ObjectUri("\x07"));
  ASSERT_EQ(OSSL_STORE_expect(store.get(), OSSL_STORE_INFO_CERT), 1);
  EXPECT_THAT(Types(store.get()), ElementsAre(OSSL_STORE_INFO_CERT));
  EXPECT_EQ(module_.Count("C_Login"), 0u);
}

TEST_F(TokenStore, CertificatesComeAsAChainLeafFirst) {
  const TestPki pki;
  const TestIdentity middle = pki.Intermediate("Middle");
  const TestIdentity leaf = TestPki::IssueFrom(middle, {.common_name = "leaf"});
  token_.ImportCertificate(pki.root().certificate, {.id = "\x51", .label = "root"});
  token_.ImportCertificate(middle.certificate, {.id = "\x50", .label = "middle"});
  token_.Import(leaf, {.id = "\x07", .label = "leaf"});
  const Store store = OpenToken(token_.ObjectUri("\x07"));
  ASSERT_EQ(OSSL_STORE_expect(store.get(), OSSL_STORE_INFO_CERT), 1);
  EXPECT_THAT(Subjects(store.get()), ElementsAre("leaf", "Middle", "Test Root"));
}

TEST_F(TokenStore, ExpectationLeavesOneKind) {
  token_.Import(identity_, {.id = "\x07", .label = "alice"});
  for (const int kind : {OSSL_STORE_INFO_PKEY, OSSL_STORE_INFO_CERT, OSSL_STORE_INFO_PUBKEY}) {
    const Store store = OpenToken(token_.ObjectUri("\x07", true));
    ASSERT_EQ(OSSL_STORE_expect(store.get(), kind), 1);
    EXPECT_THAT(Types(store.get()), ElementsAre(kind));
  }
}

TEST_F(TokenStore, SubjectFindsOnlyItsCertificateAndKey) {
  token_.Import(identity_, {.id = "\x07", .label = "alice"});
  token_.Import(TestPki().Issue({.common_name = "bob"}), {.id = "\x08", .label = "bob"});
  const Store store = OpenToken(token_.TokenUri(true));
  const auto mine = BySubjectOf(identity_);
  ASSERT_EQ(OSSL_STORE_find(store.get(), mine.get()), 1) << TakeErrors();
  const std::vector<int> found = Types(store.get());
  EXPECT_EQ(std::ranges::count(found, OSSL_STORE_INFO_CERT), 1);
  EXPECT_EQ(std::ranges::count(found, OSSL_STORE_INFO_PKEY), 1);
  const Store other = OpenToken(token_.TokenUri(true));
  const TestIdentity mallory = TestPki().Issue({.common_name = "mallory"});
  const auto nobody = BySubjectOf(mallory);
  ASSERT_EQ(OSSL_STORE_find(other.get(), nobody.get()), 1);
  EXPECT_TRUE(Types(other.get()).empty());
}

TEST_F(TokenStore, OpeningDoesNotAccessTheToken) {
  const Store store = OpenToken(token_.ObjectUri("\x07", true));
  EXPECT_NE(store, nullptr);
  EXPECT_EQ(module_.Count("*"), 0u);
}

TEST_F(TokenStore, MissingObjectIsAnErrorWithACause) {
  const Store store = OpenToken(token_.ObjectUri("\x08", true));
  ERR_clear_error();
  EXPECT_TRUE(Types(store.get()).empty());
  EXPECT_EQ(OSSL_STORE_error(store.get()), 1);
  EXPECT_THAT(TakeErrors(), HasSubstr("signet:not-found:pkcs11:"));
}

TEST_F(TokenStore, MissingPinIsAnErrorWithACause) {
  token_.Import(identity_, {.id = "\x07", .label = "alice"});
  const Store store = OpenToken(token_.ObjectUri("\x07"));
  ASSERT_EQ(OSSL_STORE_expect(store.get(), OSSL_STORE_INFO_PKEY), 1);
  ERR_clear_error();
  EXPECT_TRUE(Types(store.get()).empty());
  EXPECT_THAT(TakeErrors(), HasSubstr("signet:pin-needed:"));
}

// File is a PKCS#12 file with a certificate that has an issuer.
class FileStore : public ::testing::Test {
 protected:
  std::string Uri() const { return "pkcs12:" + file_; }

  const TestPki pki_;
  const TestIdentity identity_ = pki_.Issue({.key = "ec:P-256"});
  const TemporaryDirectory directory_;
  const std::string file_ = directory_.Write("alice.p12", MakePkcs12(identity_));
  const LibraryContext context_;
};

TEST_F(FileStore, ExpectationLeavesOneKind) {
  for (const int kind : {OSSL_STORE_INFO_PKEY, OSSL_STORE_INFO_CERT, OSSL_STORE_INFO_PUBKEY}) {
    const Store store = Open(context_.get(), Uri() + "?pin-value=secret");
    ASSERT_EQ(OSSL_STORE_expect(store.get(), kind), 1);
    EXPECT_THAT(Types(store.get()),
                ::testing::AllOf(::testing::SizeIs(::testing::Ge(1u)), ::testing::Each(kind)));
  }
}

TEST_F(FileStore, CertificatesComeAsAChainLeafFirst) {
  const TestIdentity leaf = TestPki::IssueFrom(pki_.Intermediate("Middle"), {.common_name = "leaf"});
  const Store store =
      Open(context_.get(), "pkcs12:" + directory_.Write("leaf.p12", MakePkcs12(leaf)) + "?pin-value=secret");
  EXPECT_THAT(Subjects(store.get()), ElementsAre("leaf", "Middle", "Test Root"));
}

TEST_F(FileStore, SubjectFindsItsCertificateAndTheKeyOfIt) {
  const auto mine = BySubjectOf(identity_);
  const Store store = Open(context_.get(), Uri() + "?pin-value=secret");
  ASSERT_EQ(OSSL_STORE_supports_search(store.get(), OSSL_STORE_SEARCH_BY_NAME), 1);
  ASSERT_EQ(OSSL_STORE_find(store.get(), mine.get()), 1) << TakeErrors();
  const std::vector<int> found = Types(store.get());
  EXPECT_EQ(std::ranges::count(found, OSSL_STORE_INFO_CERT), 1);
  EXPECT_EQ(std::ranges::count(found, OSSL_STORE_INFO_PKEY), 1);
}

TEST_F(FileStore, UnknownSubjectFindsNothing) {
  const OpenSslPtr<X509_NAME> name(X509_NAME_new());
  ASSERT_EQ(X509_NAME_add_entry_by_txt(name.get(), "CN", MBSTRING_ASC,
                                       reinterpret_cast<const unsigned char*>("mallory"), -1, -1, 0),
            1);
  const OpenSslPtr<OSSL_STORE_SEARCH> other(OSSL_STORE_SEARCH_by_name(name.get()));
  const Store store = Open(context_.get(), Uri() + "?pin-value=secret");
  ASSERT_EQ(OSSL_STORE_find(store.get(), other.get()), 1);
  EXPECT_TRUE(Types(store.get()).empty());
}

TEST_F(FileStore, KeyBelongsToDefault) {
  const Store store = Open(context_.get(), Uri() + "?pin-value=secret");
  const OpenSslPtr<EVP_PKEY> key = FirstKey(store.get());
  ASSERT_NE(key, nullptr) << TakeErrors();
  EXPECT_STREQ(OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(key.get())), "default");
}

struct Question {
  int asked = 0;
  std::string prompt;
};

// Answers each question for a PIN with "secret", and keeps what was asked.
int Read(UI* ui, UI_STRING* text) {
  auto* const question = static_cast<Question*>(UI_get0_user_data(ui));
  ++question->asked;
  question->prompt = UI_get0_output_string(text);
  return UI_set_result(ui, text, "secret") >= 0 ? 1 : 0;
}

TEST_F(FileStore, PasswordComesFromTheCallersUserInterface) {
  const std::unique_ptr<UI_METHOD, void (*)(UI_METHOD*)> method(UI_create_method("test"), UI_destroy_method);
  ASSERT_EQ(UI_method_set_reader(method.get(), Read), 0);
  Question question;
  const Store store = Open(context_.get(), Uri(), nullptr, method.get(), &question);
  EXPECT_NE(FirstKey(store.get()), nullptr) << TakeErrors();
  EXPECT_EQ(question.asked, 1);
  EXPECT_THAT(question.prompt, HasSubstr("alice.p12"));
}

TEST_F(FileStore, UnknownAttributeIsAnErrorInWords) {
  const Store store = Open(context_.get(), Uri() + "?pin-vale=secret");
  ERR_clear_error();
  EXPECT_TRUE(Types(store.get()).empty());
  EXPECT_THAT(TakeErrors(), HasSubstr("signet:bad-uri:"));
}

TEST(ReservedScheme, IsAnErrorInWords) {
  const LibraryContext context;
  ERR_clear_error();
  EXPECT_EQ(Open(context.get(), "signet:alice"), nullptr);
  EXPECT_THAT(TakeErrors(), HasSubstr("identities by name are not supported yet"));
}

}  // namespace
}  // namespace signet
