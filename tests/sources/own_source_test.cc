// A program's own source under a scheme of its own.
#include "error_of.h"
#include "pkcs12/file_key.h"
#include <signet/identity_selector.h>
#include <signet/identity_source.h>
#include <signet/own_source.h>
#include <signet/testing/test_pki.h>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::TestIdentity;
using testing::TestPki;

Identity Named(const std::string& uri, const std::string& name = "alice") {
  static const TestPki pki;
  const TestIdentity made = pki.Issue({.common_name = name});
  return Identity::Make(CertificateChain(made.certificate, made.issuers),
                        FileKey::FromPkcs8(made.private_key), Identity::Source::kApplication, uri);
}

// Vault lists what a test tells it.
struct Vault final : OwnSource {
  Listing List(std::string_view uri) override {
    asked = uri;
    ++questions;
    return answer();
  }
  std::function<Listing()> answer = [] { return Listing{}; };
  std::string asked;
  std::atomic<int> questions = 0;
};

class OwnSources : public ::testing::Test {
 protected:
  OwnSources() { source.Register("vault", vault); }
  IdentitySource source{Settings()};
  const std::shared_ptr<Vault> vault = std::make_shared<Vault>();
};

TEST_F(OwnSources, AreGoodForListOpenAndSelection) {
  const Identity alice = Named("vault:alice");
  vault->answer = [&] { return Listing{.identities = {alice}, .problems = {}}; };
  const Listing listing = source.List("vault:alice?pin-value=1");
  EXPECT_EQ(vault->asked, "vault:alice?pin-value=1");
  ASSERT_EQ(listing.identities.size(), 1u);
  const Identity opened = source.Open("vault:alice");
  EXPECT_EQ(opened.leaf(), alice.leaf());
  EXPECT_EQ(Select({}, IdentitySet({opened}), {}, std::chrono::system_clock::now()).identity()->uri(),
            "vault:alice");
}

TEST_F(OwnSources, MayListMoreThanWasAskedFor) {
  vault->answer = [] {
    return Listing{.identities = {Named("vault:alice"), Named("vault:bob", "bob")}, .problems = {}};
  };
  EXPECT_EQ(source.Open("vault:bob").user_name(), "bob");
  const Error error = ErrorOf([&] { source.Open("vault:"); });
  EXPECT_EQ(error.code(), ErrorCode::kAmbiguous);
  EXPECT_THAT(error.hint(), HasSubstr("vault:bob"));
}

TEST_F(OwnSources, AreFoundWithAnyCaseOfTheScheme) {
  vault->answer = [] { return Listing{.identities = {Named("VAULT:a")}, .problems = {}}; };
  EXPECT_EQ(source.List("VaulT:A").identities.size(), 1u);
  EXPECT_EQ(vault->asked, "vault:A");
}

TEST_F(OwnSources, WhatTheyThrowIsAProblem) {
  vault->answer = []() -> Listing { throw std::runtime_error("no connection"); };
  const Listing listing = source.List("vault:alice?pin-value=1234");
  ASSERT_EQ(listing.problems.size(), 1u);
  EXPECT_EQ(listing.problems[0].error.code(), ErrorCode::kApplication);
  EXPECT_EQ(listing.problems[0].error.detail(), "no connection");
  EXPECT_EQ(listing.problems[0].uri, "vault:alice") << "without the PIN";
  EXPECT_EQ(listing.problems[0].error.uri(), "vault:alice");
  const Error error = ErrorOf([&] { source.Open("vault:alice"); });
  EXPECT_EQ(error.code(), ErrorCode::kApplication);
  EXPECT_EQ(error.uri(), "vault:alice");

  vault->answer = []() -> Listing { throw 5; };
  EXPECT_EQ(source.List("vault:").problems.front().error.code(), ErrorCode::kApplication);
  vault->answer = []() -> Listing { throw Error({.code = ErrorCode::kTokenAbsent, .detail = "gone"}); };
  EXPECT_EQ(source.List("vault:").problems.front().error.code(), ErrorCode::kTokenAbsent);
  vault->answer = []() -> Listing { throw Error({.code = ErrorCode::kBadUri, .detail = "no name"}); };
  EXPECT_EQ(ErrorOf([&] { source.List("vault:"); }).code(), ErrorCode::kBadUri);
}

TEST_F(OwnSources, WhatTheySayIsAProblemNamesItsUri) {
  vault->answer = [] {
    return Listing{.identities = {},
                   .problems = {{"vault:eve", Error({.code = ErrorCode::kMalformed, .detail = "odd"})}}};
  };
  EXPECT_EQ(source.List("vault:").problems.front().error.uri(), "vault:eve");
}

TEST_F(OwnSources, AnIdentityThatItsUriDoesNotOpenIsAProblem) {
  vault->answer = [] {
    return Listing{.identities = {Named(""), Named("pkcs12:/a"), Named("vault:a"), Named("vault:a", "bob")},
                   .problems = {}};
  };
  const Listing listing = source.List("vault:");
  ASSERT_EQ(listing.identities.size(), 1u);
  EXPECT_EQ(listing.identities[0].user_name(), "alice");
  ASSERT_EQ(listing.problems.size(), 3u);
  EXPECT_THAT(listing.problems[0].error.what(), HasSubstr("without a URI of its scheme, vault:"));
  EXPECT_THAT(listing.problems[1].error.what(), HasSubstr("without a URI of its scheme, vault:"));
  EXPECT_THAT(listing.problems[2].error.what(), HasSubstr("with the URI of another identity"));
}

TEST_F(OwnSources, MissingIdentityIsNotFound) {
  EXPECT_EQ(ErrorOf([&] { source.Open("vault:nobody"); }).code(), ErrorCode::kNotFound);
}

TEST_F(OwnSources, NeedASchemeOfTheirOwn) {
  const auto code = [&](std::string_view scheme) {
    const Error error = ErrorOf([&] { source.Register(scheme, vault); });
    EXPECT_THAT(error.hint(), Not(HasSubstr("Report this"))) << scheme;
    return error.code();
  };
  for (const char* scheme : {"", "1vault", "va ult", "vault:", "+a", "v_a", "väult"})
    EXPECT_EQ(code(scheme), ErrorCode::kBadArgument) << scheme;
  for (const char* scheme : {"pkcs11", "PKCS12", "signet"})
    EXPECT_EQ(code(scheme), ErrorCode::kBadArgument) << scheme;
  EXPECT_EQ(code("vault"), ErrorCode::kBadArgument);
  EXPECT_EQ(code("VAULT"), ErrorCode::kBadArgument);
  EXPECT_EQ(ErrorOf([&] { source.Register("other", nullptr); }).code(), ErrorCode::kBadArgument);
  EXPECT_NO_THROW(source.Register("a1+b-c.d", vault));
}

TEST_F(OwnSources, AnUnknownSchemesErrorNamesThoseThatThereAre) {
  source.Register("Enclave", vault);
  const Error error = ErrorOf([&] { source.Open("voult:alice?pin-value=1234"); });
  EXPECT_EQ(error.code(), ErrorCode::kBadUri);
  EXPECT_THAT(error.detail(), HasSubstr("pkcs11:, pkcs12:, vault:, Enclave:"));
  EXPECT_THAT(error.what(), Not(HasSubstr("1234")));
  EXPECT_EQ(ErrorOf([] { IdentitySource(Settings()).Open("vault:alice"); }).code(), ErrorCode::kBadUri)
      << "each IdentitySource has its own";
}

TEST_F(OwnSources, AreRegisteredAndAskedInManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> refused = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      source.Register("own" + std::to_string(i), std::make_shared<Vault>());
      try {
        source.Register("shared", std::make_shared<Vault>());
      } catch (const Error&) {
        ++refused;
      }
      for (int n = 0; n < 50; ++n) EXPECT_THAT(source.List("shared:").problems, IsEmpty());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(refused, 7);
  for (int i = 0; i < 8; ++i) EXPECT_NO_THROW(source.List("own" + std::to_string(i) + ":"));
}

TEST(OwnSource, MayRegisterAnotherWhileItIsAsked) {
  IdentitySource source{Settings()};
  const auto vault = std::make_shared<Vault>();
  vault->answer = [&] {
    source.Register("second", std::make_shared<Vault>());
    return source.List("second:");
  };
  source.Register("first", vault);
  EXPECT_NO_THROW(source.List("first:"));
}

}  // namespace
}  // namespace signet
