#include "conformance/sources.h"
#include "identity/public_key.h"
#include <signet/error.h>

#include <map>
#include <set>

#include <gmock/gmock.h>

namespace signet::conformance {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAreArray;

// Opened is of every source, Listed of those that have URIs, WithPin of those that want a PIN.
class Opened : public ::testing::TestWithParam<SourceCase> {
 protected:
  FilledPlace filled{GetParam()};
};

class Listed : public ::testing::TestWithParam<SourceCase> {
 protected:
  FilledPlace filled{GetParam()};
};

class WithPin : public Listed {};

std::vector<std::string> NamesOf(const Listing& listing) {
  std::vector<std::string> names;
  for (const Identity& identity : listing.identities) names.push_back(identity.user_name());
  return names;
}

TEST_P(Listed, EachIdentityOnceAndNoProblem) {
  const Listing listing = filled.source().List(filled.place().Uri(true));
  EXPECT_THAT(NamesOf(listing), UnorderedElementsAreArray(Keys()));
  for (const Problem& problem : listing.problems)
    ADD_FAILURE() << problem.uri << ": " << problem.error.what();
}

TEST_P(Opened, CertificatesAreThoseThatWerePutThere) {
  for (const std::string& key : filled.keys()) {
    SCOPED_TRACE(key);
    const Identity identity = filled.Open(key);
    const auto& original = filled.Original(key);
    EXPECT_EQ(identity.leaf(), original.certificate);
    EXPECT_EQ(identity.leaf().ToPem(), original.CertificatePem());
    EXPECT_EQ(Certificate::FromPem(identity.leaf().ToPem()).front(), identity.leaf());
    EXPECT_EQ(PublicKey::FromSpki(identity.key()->subject_public_key_info()),
              PublicKey::FromSpki(original.certificate.subject_public_key_info()));
    ASSERT_EQ(identity.chain().certificates().size(), 2u);
    EXPECT_EQ(identity.chain().certificates()[1], filled.pki().root().certificate);
  }
}

TEST_P(Opened, SayWhereTheyAreFromAndAreFit) {
  for (const std::string& key : filled.keys()) {
    const Identity identity = filled.Open(key);
    EXPECT_EQ(identity.user_name(), key);
    EXPECT_EQ(identity.source(), GetParam().source);
    EXPECT_EQ(identity.key()->in_hardware(), GetParam().in_hardware);
    EXPECT_EQ(identity.key()->ExportPkcs8().has_value(), !GetParam().in_hardware);
    const ClientAuthFitness fitness = identity.FitForClientAuth(std::chrono::system_clock::now());
    EXPECT_TRUE(fitness.fit) << identity.user_name();
    EXPECT_THAT(fitness.reasons, IsEmpty());
  }
}

TEST_P(Listed, UriOfAnIdentityOpensExactlyIt) {
  const Listing listing = filled.source().List(filled.place().Uri(true));
  std::set<std::string> uris;
  for (const Identity& identity : listing.identities) {
    EXPECT_TRUE(uris.insert(identity.uri()).second) << identity.uri();
    EXPECT_THAT(identity.uri(), Not(HasSubstr("pin")));
    const Identity again = filled.source().Open(WithQuery(identity.uri(), filled.place().pin()));
    EXPECT_EQ(again.leaf(), identity.leaf());
    EXPECT_EQ(again.uri(), identity.uri());
  }
  EXPECT_EQ(uris.size(), Keys().size());
}

TEST_P(Listed, UriOfAllIsAmbiguous) {
  EXPECT_EQ(CodeOf([&] { filled.source().Open(filled.place().Uri(true)); }), ErrorCode::kAmbiguous);
}

TEST_P(WithPin, WrongPinIsReported) {
  const std::string uri = WithQuery(filled.place().Uri("ec:P-256", false), "not the PIN");
  const auto use = [&] {
    const IdentitySource source(filled.place().settings());
    const Identity identity = source.Open(uri);
    identity.key()->Unlock();
  };
  EXPECT_EQ(CodeOf(use), GetParam().wrong_pin);
}

TEST_P(WithPin, MissingPinIsReported) {
  const auto use = [&] {
    const IdentitySource source(filled.place().settings());
    source.Open(filled.place().Uri("ec:P-256", false)).key()->Unlock();
  };
  const ErrorCode code = CodeOf(use);
  // A file without password is tried with an absent and an empty one.
  EXPECT_TRUE(code == ErrorCode::kPinNeeded || code == ErrorCode::kWrongPassword) << Name(code);
}

TEST_P(Listed, WhatIsNotThereIsNotFound) {
  std::string uri = filled.place().Uri("ec:P-256", false);
  uri.replace(uri.rfind('=') + 1, std::string::npos, "nobody");
  EXPECT_EQ(CodeOf([&] { filled.source().Open(WithQuery(uri, filled.place().pin())); }),
            ErrorCode::kNotFound);
}

TEST(Suite, RunsEverySource) {
  std::string names;
  for (const SourceCase& row : Sources()) names += (names.empty() ? "" : " ") + row.name;
  EXPECT_EQ(names, CONFORMANCE_SOURCES);
}

INSTANTIATE_TEST_SUITE_P(Conformance, Opened, ::testing::ValuesIn(Sources()),
                         [](const auto& row) { return row.param.name; });
INSTANTIATE_TEST_SUITE_P(Conformance, WithPin, ::testing::ValuesIn(SourcesWithPins()),
                         [](const auto& row) { return row.param.name; });
INSTANTIATE_TEST_SUITE_P(Conformance, Listed, ::testing::ValuesIn(SourcesWithUris()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace signet::conformance
