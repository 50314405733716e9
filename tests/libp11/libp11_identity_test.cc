#include "identity/hashes.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include "libp11/libp11_program.h"
#include <signet/error.h>
#include <signet/libp11_identity.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/test_pki.h>
#include <signet/testing/wrapped_module.h>

#include <array>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <sys/wait.h>
#include <unistd.h>

namespace signet::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

using Program = Libp11Program;

bool Verifies(const Identity& identity, SignatureScheme scheme) {
  const std::vector<std::uint8_t> message = {'m', 'e', 's', 's', 'a', 'g', 'e'};
  const auto signature = identity.key()->SignMessage(scheme, message);
  const SigningAlgorithm& algorithm = RowOf(scheme).algorithm;
  return PublicKey::FromSpki(identity.leaf().subject_public_key_info())
      .Verify(algorithm, Digest(algorithm.hash, message), signature);
}

ErrorCode CodeOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::kInternal;
}

class Libp11Identity : public ::testing::Test {
 protected:
  SoftHsm hsm;
  TestPki pki;
};

class Libp11KeyType : public Libp11Identity, public ::testing::WithParamInterface<const char*> {};

TEST_P(Libp11KeyType, SignsWithEverySchemeThatItLists) {
  hsm.Import(pki.Issue({.key = GetParam()}), {});
  const WrappedModule wrapped(hsm);
  const Program program(wrapped.path());
  program.Login(hsm.pin());
  const Identity identity =
      FromLibp11(program.Cert(1), program.Key(1), {pki.root().certificate}, program.token());
  EXPECT_EQ(identity.source(), Identity::Source::kApplication);
  EXPECT_EQ(identity.chain().certificates().size(), 2u);
  EXPECT_THAT(identity.uri(), HasSubstr("pkcs11:token=signet-test;serial="));
  EXPECT_THAT(identity.uri(), HasSubstr(";id=%01;object=key"));
  EXPECT_TRUE(identity.key()->in_hardware());
  ASSERT_FALSE(identity.key()->schemes().empty());
  for (const SignatureScheme scheme : identity.key()->schemes()) {
    EXPECT_TRUE(Verifies(identity, scheme)) << Name(scheme);
  }
}

INSTANTIATE_TEST_SUITE_P(Types, Libp11KeyType,
                         ::testing::Values("rsa:2048", "rsa-pss:2048", "ec:P-256", "ec:P-384", "ec:P-521"),
                         [](const auto& row) {
                           std::string name = row.param;
                           std::erase_if(name, [](char c) { return c == ':' || c == '-'; });
                           return name;
                         });

TEST_F(Libp11Identity, OutlivesTheObjectsThatItWasMadeOf) {
  hsm.Import(pki.Issue({}), {});
  hsm.Import(pki.Issue({.common_name = "bob"}), {.id = "\x02"});
  const WrappedModule wrapped(hsm);
  const Program program(wrapped.path());
  program.Login(hsm.pin());
  const Identity identity = FromLibp11(program.Cert(1), program.Key(1));
  // What grows moves the objects.
  hsm.Import(pki.Issue({.common_name = "carol"}), {.id = "\x03"});
  program.Cert(3);
  program.Key(3);
  EXPECT_TRUE(Verifies(identity, SignatureScheme::kEcdsaSecp256r1Sha256));
  EXPECT_EQ(identity.user_name(), "alice");
}

TEST_F(Libp11Identity, WorksWithoutPublicKeyObject) {
  hsm.Import(pki.Issue({.key = "rsa:2048"}), {.public_object = false});
  hsm.Import(pki.Issue({}), {.id = "\x02", .public_object = false});
  const WrappedModule wrapped(hsm);
  const Program program(wrapped.path());
  program.Login(hsm.pin());
  EXPECT_TRUE(Verifies(FromLibp11(program.Cert(1), program.Key(1)), SignatureScheme::kRsaPssRsaeSha256));
}

TEST_F(Libp11Identity, TokenWithoutRawRsaOffersNoPss) {
  hsm.Import(pki.Issue({.key = "rsa:2048"}), {});
  const WrappedModule wrapped(hsm, {.hidden_mechanisms = {3, 13}});  // CKM_RSA_X_509, CKM_RSA_PKCS_PSS
  const Program program(wrapped.path());
  program.Login(hsm.pin());
  const Identity identity = FromLibp11(program.Cert(1), program.Key(1));
  EXPECT_THAT(identity.key()->schemes(), Contains(SignatureScheme::kRsaPkcs1Sha256));
  EXPECT_THAT(identity.key()->schemes(), Not(Contains(SignatureScheme::kRsaPssRsaeSha256)));
}

TEST_F(Libp11Identity, KeyOfAnotherCertificateIsAnError) {
  hsm.Import(pki.Issue({}), {});
  hsm.Import(pki.Issue({}), {.id = "\x02"});
  const WrappedModule wrapped(hsm);
  const Program program(wrapped.path());
  program.Login(hsm.pin());
  EXPECT_EQ(CodeOf([&] { FromLibp11(program.Cert(1), program.Key(2)); }), ErrorCode::kKeyCertificateMismatch);
}

TEST_F(Libp11Identity, LoginThatIsMissingIsNamed) {
  hsm.Import(pki.Issue({}), {});
  WrappedModule wrapped(hsm);
  const Program program(wrapped.path());
  program.Login(hsm.pin());
  PKCS11_CERT* certificate = program.Cert(1);
  PKCS11_KEY* key = program.Key(1);
  // CKR_USER_NOT_LOGGED_IN
  wrapped.Set({.faults = {{.function = "C_SignInit", .result = 0x101, .times = 0}}});
  EXPECT_EQ(CodeOf([&] { FromLibp11(certificate, key); }), ErrorCode::kPinNeeded);
}

TEST_F(Libp11Identity, NullIsABadArgument) {
  EXPECT_EQ(CodeOf([] { FromLibp11(nullptr, nullptr); }), ErrorCode::kBadArgument);
}

TEST_F(Libp11Identity, WrongLengthsAreBadArguments) {
  hsm.Import(pki.Issue({.key = "rsa:2048"}), {});
  const WrappedModule wrapped(hsm);
  const Program program(wrapped.path());
  program.Login(hsm.pin());
  const auto key = FromLibp11(program.Cert(1), program.Key(1)).key();
  const SigningAlgorithm algorithm = RowOf(SignatureScheme::kRsaPkcs1Sha256).algorithm;
  std::array<std::uint8_t, 256> room{};
  const std::array<std::uint8_t, 32> digest{};
  EXPECT_EQ(CodeOf([&] { key->Sign(algorithm, std::span(digest).first(31), room); }),
            ErrorCode::kBadArgument);
  EXPECT_EQ(CodeOf([&] { key->Sign(algorithm, digest, std::span(room).first(255)); }),
            ErrorCode::kBadArgument);
  EXPECT_EQ(CodeOf([&] { key->Sign({.kind = SigningAlgorithm::Kind::kEcdsa}, digest, room); }),
            ErrorCode::kBadArgument);
}

TEST_F(Libp11Identity, ErrorOfTheTokenIsNamed) {
  hsm.Import(pki.Issue({}), {});
  WrappedModule wrapped(hsm);
  const Program program(wrapped.path());
  program.Login(hsm.pin());
  const Identity identity = FromLibp11(program.Cert(1), program.Key(1));
  wrapped.Set({.faults = {{.function = "C_Sign", .result = 0x30, .times = 0}}});
  try {
    identity.key()->SignMessage(SignatureScheme::kEcdsaSecp256r1Sha256, {});
    FAIL() << "it signed";
  } catch (const Error& error) {
    EXPECT_EQ(error.native().name, "CKR_DEVICE_ERROR");
    EXPECT_EQ(error.uri(), identity.uri());
  }
}

TEST_F(Libp11Identity, CallersErrorQueueStaysAsItWas) {
  hsm.Import(pki.Issue({}), {});
  const WrappedModule wrapped(hsm);
  const Program program(wrapped.path());
  program.Login(hsm.pin());
  const Identity identity = FromLibp11(program.Cert(1), program.Key(1));
  ERR_clear_error();
  ERR_raise_data(ERR_LIB_USER, 42, "the caller's own");
  EXPECT_TRUE(Verifies(identity, SignatureScheme::kEcdsaSecp256r1Sha256));
  const char* data = nullptr;
  int flags = 0;
  const unsigned long code = ERR_get_error_all(nullptr, nullptr, nullptr, &data, &flags);
  EXPECT_EQ(ERR_GET_REASON(code), 42);
  EXPECT_STREQ(data, "the caller's own");
  EXPECT_EQ(ERR_get_error(), 0u);
}

TEST_F(Libp11Identity, SignsInManyThreads) {
  hsm.Import(pki.Issue({}), {});
  const WrappedModule wrapped(hsm);
  const Program program(wrapped.path());
  program.Login(hsm.pin());
  const Identity identity = FromLibp11(program.Cert(1), program.Key(1));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 20; ++n) EXPECT_TRUE(Verifies(identity, SignatureScheme::kEcdsaSecp256r1Sha256));
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(Libp11Identity, SignsInAForkedChild) {
  hsm.Import(pki.Issue({}), {});
  const WrappedModule wrapped(hsm);
  const Program program(wrapped.path());
  program.Login(hsm.pin());
  const Identity identity = FromLibp11(program.Cert(1), program.Key(1));
  const pid_t child = fork();
  if (child == 0) _exit(Verifies(identity, SignatureScheme::kEcdsaSecp256r1Sha256) ? 0 : 1);
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace signet::testing
