#include "diagnosis/explanation.h"

#include "diagnosis/reason_hints.h"
#include "selection/small_pki.h"
#include <signet/identity_selector.h>

#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace signet::testing {
namespace {

using Code = Reason::Code;
using ::testing::HasSubstr;

bool IsSentence(std::string_view text) {
  return !text.empty() && text.back() == '.' && text.find('\n') == std::string_view::npos && text[0] >= 'A';
}

TEST(Hints, EveryReasonHasOne) {
  for (int code = 0; code <= static_cast<int>(Code::kHostName); ++code) {
    const auto rows = std::ranges::count(ReasonHints(), static_cast<Code>(code), &ReasonHint::code);
    EXPECT_EQ(rows, 1) << code;
  }
  for (const ReasonHint& row : ReasonHints()) EXPECT_TRUE(IsSentence(row.hint)) << row.hint;
}

TEST(Hints, EveryErrorHasOne) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    const Error bare({.code = static_cast<ErrorCode>(code), .detail = "it broke"});
    EXPECT_TRUE(IsSentence(bare.hint())) << bare.what();
    EXPECT_THAT(bare.what(), HasSubstr(bare.hint()));
  }
}

TEST(Symptoms, EachIsFoundByItsOwnTextOnly) {
  std::set<std::string_view> texts;
  for (const Symptom& symptom : Symptoms()) {
    EXPECT_TRUE(texts.insert(symptom.text).second) << symptom.text;
    EXPECT_TRUE(IsSentence(symptom.hint)) << symptom.hint;
    const auto explanation = ExplainSymptom(symptom.text);
    ASSERT_TRUE(explanation);
    EXPECT_EQ(explanation->cause, symptom.cause) << "another row hides " << symptom.text;
  }
  EXPECT_FALSE(ExplainSymptom("all is well"));
}

TEST(Explain, ErrorsOwnHintGoesFirst) {
  const Error error({.code = ErrorCode::kNotFound, .detail = "no key", .hint = "Look elsewhere."});
  EXPECT_EQ(Explain(error).hint, "Look elsewhere.");
  EXPECT_EQ(Explain(error).cause, "no key");
}

TEST(Explain, OpenSslsReasonIsMoreSpecificThanAFailure) {
  const Error error({.code = ErrorCode::kInternal,
                     .detail = "an OpenSSL operation failed unexpectedly",
                     .call = "SSL_CTX_new_ex",
                     .native = {NativeCode::Kind::kOpenSsl, 1, "library has no ciphers"}});
  EXPECT_THAT(Explain(error).cause, HasSubstr("`default` is not active"));
}

// Outcome is a failed handshake with the choice that was made in it.
struct Outcome {
  Outcome(const Leaf& leaf, const CertificateRequest& request, bool pinned)
      : choice(Select(request, IdentitySet({MakeIdentity(leaf)}), {.pinned = pinned ? "pkcs12:alice" : ""},
                      Now())) {}
  Explanation With(std::optional<std::uint8_t> alert) const {
    return Explain(HandshakeOutcome{.failure = failure,
                                    .requested = true,
                                    .sent = static_cast<bool>(choice),
                                    .by_server = alert.has_value(),
                                    .choice = &choice,
                                    .alert = alert});
  }
  Error failure{{.code = ErrorCode::kHandshake, .detail = "the server said no", .hint = "Ask it."}};
  Choice choice;
};

std::vector<std::vector<std::uint8_t>> Only(const std::string& ca) {
  const auto der = CaCertificate(ca).subject_der();
  return {{der.begin(), der.end()}};
}

TEST(ExplainHandshake, NamesTheAuthoritiesIfNoCertificateWasSent) {
  const auto why = Outcome({}, {.authorities = Only("B")}, false).With(116);
  EXPECT_THAT(why.cause,
              HasSubstr("accepts only certificates from \"CN=CA B,O=Test CAs\"; this one is from"));
  EXPECT_THAT(why.hint, HasSubstr("one of these authorities issued"));
}

TEST(ExplainHandshake, NamesTheMissingIntermediateIfNoCertificateWasSent) {
  const auto why = Outcome({.issuer = "A1", .with_chain = false}, {.authorities = Only("A")}, false).With(40);
  EXPECT_THAT(why.cause, HasSubstr("CN=CA A1,O=Test CAs is missing"));
  EXPECT_THAT(why.hint, HasSubstr("chain-file"));
}

TEST(ExplainHandshake, NearestMissIsNamedNotTheFirst) {
  const CertificateRequest request = {.authorities = Only("A")};
  const IdentitySet set(
      {MakeIdentity({.subject = "far", .issuer = "B"}), MakeIdentity({.subject = "near", .to = -1})});
  const Choice choice = Select(request, set, {}, Now());
  const Error failure({.code = ErrorCode::kHandshake, .detail = "no"});
  const auto why = Explain(HandshakeOutcome{.failure = failure, .requested = true, .choice = &choice});
  EXPECT_THAT(why.cause, HasSubstr("CN=near does not fit: the certificate expired"));
  EXPECT_THAT(why.cause, HasSubstr("(the other identity does not fit either)"));
}

TEST(ExplainHandshake, UnsupportedIdentityIsTheCauseIfThereIsNoOther) {
  const Choice choice = Select({}, IdentitySet(), {}, Now());
  const Error failure({.code = ErrorCode::kHandshake, .detail = "no"});
  HandshakeOutcome outcome{.failure = failure, .requested = true, .choice = &choice};
  EXPECT_THAT(Explain(outcome).cause, HasSubstr("no identity was given"));
  outcome.aside = {{"CN=edwards", "this TLS has no scheme for Ed25519"}, {"CN=other", "nor for that"}};
  const Error why = ExplainedError(outcome);
  EXPECT_EQ(why.detail(),
            "no client certificate was sent, as CN=edwards cannot be used: this TLS has no scheme for "
            "Ed25519 (the other identity does not fit either)");
  EXPECT_THAT(why.hint(), HasSubstr("another TLS stack"));
}

TEST(ExplainHandshake, UnknownCaWithoutAListIsAShortChainOrAnUnknownRoot) {
  EXPECT_THAT(Outcome({.issuer = "A1", .with_chain = false}, {}, false).With(48).cause,
              HasSubstr("certificate of the issuer CN=CA A1,O=Test CAs is missing"));
  EXPECT_THAT(Outcome({.issuer = "A1"}, {}, false).With(48).cause,
              HasSubstr("does not trust CN=CA A,O=Test CAs"));
}

TEST(ExplainHandshake, AnAlertIsExplainedByEvidenceOnly) {
  const Leaf expired{.to = -1};
  const Leaf short_chain{.issuer = "A1", .with_chain = false};
  struct Row {
    const char* what;
    Leaf leaf;
    CertificateRequest request;
    std::uint8_t alert;
    const char* said;      // found in the cause
    const char* not_said;  // not found there
  };
  const Row rows[] = {
      {"known unfitness, bad_certificate", expired, {}, 42, ": the certificate expired", "possible cause"},
      {"known unfitness, certificate_unknown",
       expired,
       {},
       46,
       ": the certificate expired",
       "possible cause"},
      {"known unfitness, illegal_parameter",
       expired,
       {},
       47,
       "; a possible cause: the certificate expired",
       "#"},
      {"known unfitness, internal_error",
       expired,
       {},
       80,
       "; a possible cause: the certificate expired",
       "#"},
      {"known unfitness, access_denied", expired, {}, 49, "the server said no", "expired"},
      {"known unfitness, certificate_revoked", expired, {}, 44, "the server said no", "expired"},
      {"short chain, bad_certificate", short_chain, {}, 42, "; a possible cause: its chain ends", "#"},
      {"short chain, certificate_unknown", short_chain, {}, 46, "; a possible cause: its chain ends", "#"},
      {"short chain, unknown_ca", short_chain, {}, 48, "; a possible cause: its chain ends", "#"},
      {"short chain, illegal_parameter", short_chain, {}, 47, "the server said no", "is missing, and"},
      {"short chain, internal_error", short_chain, {}, 80, "the server said no", "is missing, and"},
      {"short chain, decode_error", short_chain, {}, 50, "the server said no", "is missing, and"},
      {"issuer named, bad_certificate",
       short_chain,
       {.authorities = Only("A1")},
       42,
       "said no",
       "is missing, and"},
      {"issuer named, certificate_unknown",
       short_chain,
       {.authorities = Only("A1")},
       46,
       "said no",
       "is missing, and"},
      {"issuer named, unknown_ca",
       short_chain,
       {.authorities = Only("A1")},
       48,
       "does not trust",
       "is missing, and"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    const std::string cause = Outcome(row.leaf, row.request, true).With(row.alert).cause;
    EXPECT_THAT(cause, HasSubstr(row.said));
    EXPECT_THAT(cause, ::testing::Not(HasSubstr(row.not_said)));
  }
}

TEST(ExplainHandshake, UnknownCaNamesTheOtherAvailablePath) {
  const Identity alice = MakeIdentity({.issuer = "A1", .with_chain = false});
  const IdentitySet set(
      {alice}, {CaCertificate("A1"), CaCertificate("A"), CrossCertificate("A1", "B"), CaCertificate("B")});
  const Choice choice = Select({}, set, {}, Now());
  const Error failure({.code = ErrorCode::kHandshake, .detail = "the server said no"});
  const auto why = Explain(HandshakeOutcome{.failure = failure,
                                            .requested = true,
                                            .sent = true,
                                            .by_server = true,
                                            .choice = &choice,
                                            .alert = 48});
  EXPECT_THAT(why.cause, HasSubstr("another chain, which leads to CN=CA "));
  EXPECT_THAT(why.hint, HasSubstr("Configure the server to name the authorities"));
}

TEST(ExplainHandshake, ACurveThatTheServerDoesNotListIsASuspect) {
  const CertificateRequest tls12 = {.protocol_version = 0x0303};
  EXPECT_THAT(Outcome({.key = "brainpool"}, tls12, false).With(47).cause,
              HasSubstr("brainpoolP256r1, is on a curve"));
  EXPECT_EQ(Outcome({}, tls12, false).With(47).cause, "the server said no");
}

TEST(ExplainHandshake, AChainThatWasCutIsASuspect) {
  const auto why = Outcome({.issuer = "A17"}, {}, false).With(48);
  EXPECT_THAT(why.cause, HasSubstr("certificates and was truncated at"));
  EXPECT_THAT(why.hint, HasSubstr("nearer to the root"));
}

TEST(ExplainHandshake, WhatOpenSslsServersRefuseIsTheCause) {
  EXPECT_THAT(Outcome({.purposes = "anyExtendedKeyUsage"}, {}, false).With(43).cause,
              HasSubstr("anyExtendedKeyUsage without clientAuth"));
}

TEST(ExplainHandshake, ExpiredIsTheLeafTheChainOrTheServersClock) {
  EXPECT_THAT(Outcome({.to = -1}, {}, true).With(45).cause,
              HasSubstr("the certificate expired on 2030-06-14"));
  EXPECT_THAT(Outcome({.ca_to = -1}, {}, false).With(45).cause,
              HasSubstr("issuer CN=CA A,O=Test CAs expired"));
  EXPECT_THAT(Outcome({}, {}, false).With(45).hint, HasSubstr("clocks of both"));
}

TEST(ExplainHandshake, UnsupportedCertificateIsItsUsage) {
  EXPECT_THAT(Outcome({.purposes = "serverAuth"}, {}, true).With(43).cause, HasSubstr("lacks clientAuth"));
  EXPECT_THAT(Outcome({.key_usage = "keyEncipherment"}, {}, true).With(43).cause,
              HasSubstr("lacks digitalSignature"));
}

TEST(ExplainHandshake, PinnedIdentityThatCannotSignIsTheCause) {
  const auto why = Outcome({.key = "rsa2048", .hardware = true, .pss = false}, {}, true).With(std::nullopt);
  EXPECT_THAT(why.cause, HasSubstr("TLS 1.3 allows only RSA-PSS for RSA signatures"));
  EXPECT_THAT(why.hint, HasSubstr("TLS 1.2"));
}

TEST(ExplainHandshake, AnUnexplainedAlertKeepsItsText) {
  const auto why = Outcome({}, {}, false).With(80);
  EXPECT_EQ(why.cause, "the server said no");
  EXPECT_EQ(why.hint, "Ask it.");
}

}  // namespace
}  // namespace signet::testing
