// Every hard filter, both ways: one identity against one request.
#include "selection/small_pki.h"
#include <signet/identity_selector.h>

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/objects.h>

namespace signet::testing {
namespace {

using Code = Reason::Code;
using enum SignatureScheme;
using Schemes = std::vector<SignatureScheme>;

constexpr std::uint16_t kTls12 = 0x0303;
constexpr std::uint16_t kTls13 = 0x0304;
constexpr double kMinute = 1.0 / 1440;

// Authority is a DER Name: that of a CA, as it is in its certificates, or written in other ways.
std::vector<std::uint8_t> Authority(const std::string& name) {
  const auto ca = CaCertificate(name).subject_der();
  return {ca.begin(), ca.end()};
}
std::vector<std::uint8_t> Written(const std::string& organization, const std::string& name, int type) {
  return NameDer({{"O", organization, type}, {"CN", name, type}});
}
constexpr int kPrintable = V_ASN1_PRINTABLESTRING;
constexpr int kUtf8 = V_ASN1_UTF8STRING;
// Bmp widens ASCII to UTF-16.
std::string Bmp(const std::string& text) {
  std::string wide;
  for (const char c : text) wide += {'\0', c};
  return wide;
}

using Der = std::vector<std::uint8_t>;
const Der kUsageSign = {0x03, 0x02, 0x07, 0x80};          // digitalSignature
const Der kUsageSignEncipher = {0x03, 0x02, 0x05, 0xa0};  // and keyEncipherment
const Der kPurposeClient = {0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02};
const Der kPurposeMail = {0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x04};
const Der kPurposeUnheardOf = {0x30, 0x05, 0x06, 0x03, 0x2a, 0x03, 0x04};
const char* const kUsageOid = "2.5.29.15";
const char* const kPurposeOid = "2.5.29.37";

struct Row {
  const char* name;
  Leaf leaf;
  CertificateRequest request;
  SelectionPolicy policy = {};
  std::optional<Code> refused;          // nothing: it is chosen
  std::optional<SignatureScheme> with;  // the scheme, where it is chosen and this matters
};

const Schemes kUsual13 = {
    kEcdsaSecp256r1Sha256, kEcdsaSecp384r1Sha384, kEcdsaSecp521r1Sha512, kEd25519,        kEd448,
    kRsaPssRsaeSha256,     kRsaPssRsaeSha384,     kRsaPssRsaeSha512,     kRsaPssPssSha256};
const Schemes kBotan = {kRsaPssRsaeSha256,     kRsaPssRsaeSha384,     kRsaPkcs1Sha256,
                        kEcdsaSecp256r1Sha256, kEcdsaSecp384r1Sha384, kEcdsaSecp521r1Sha512};

std::vector<Row> SchemeRows() {
  // clang-format off
  return {
      // Every key in TLS 1.3: its own schemes, and none of the others'.
      {"P256In13", {.key = "p256"}, {.schemes = kUsual13}, {}, {}, kEcdsaSecp256r1Sha256},
      {"P384In13", {.key = "p384"}, {.schemes = kUsual13}, {}, {}, kEcdsaSecp384r1Sha384},
      {"P521In13", {.key = "p521"}, {.schemes = kUsual13}, {}, {}, kEcdsaSecp521r1Sha512},
      {"Ed25519In13", {.key = "ed25519"}, {.schemes = kUsual13}, {}, {}, kEd25519},
      {"Ed448In13", {.key = "ed448"}, {.schemes = kUsual13}, {}, {}, kEd448},
      {"RsaIn13IsPss", {.key = "rsa2048"}, {.schemes = kUsual13}, {}, {}, kRsaPssRsaeSha256},
      {"RsaPssKeyIn13", {.key = "rsapss"}, {.schemes = kUsual13}, {}, {}, kRsaPssPssSha256},
      {"BrainpoolHasNothingIn13", {.key = "brainpool"}, {.schemes = kUsual13}, {}, Code::kNoSchemeForVersion},
      {"P256WantsItsOwn", {.key = "p256"}, {.schemes = {kEcdsaSecp384r1Sha384}}, {}, Code::kPeerLacksScheme},
      {"P384WantsItsOwn", {.key = "p384"}, {.schemes = {kEcdsaSecp256r1Sha256}}, {}, Code::kPeerLacksScheme},
      {"P521WantsItsOwn", {.key = "p521"}, {.schemes = {kEcdsaSecp256r1Sha256}}, {}, Code::kPeerLacksScheme},
      {"Ed25519WantsItsOwn", {.key = "ed25519"}, {.schemes = {kEd448}}, {}, Code::kPeerLacksScheme},
      {"Ed448WantsItsOwn", {.key = "ed448"}, {.schemes = {kEd25519}}, {}, Code::kPeerLacksScheme},
      {"RsaAndEcdsaOnly", {.key = "rsa2048"}, {.schemes = {kEcdsaSecp256r1Sha256}}, {}, Code::kPeerLacksScheme},
      {"RsaKeyIsNoPssKey", {.key = "rsa2048"}, {.schemes = {kRsaPssPssSha256}}, {}, Code::kPeerLacksScheme},
      {"PssKeyIsNoRsaKey", {.key = "rsapss"}, {.schemes = {kRsaPssRsaeSha256}}, {}, Code::kPeerLacksScheme},
      {"EcAndRsaOnly", {.key = "p256"}, {.schemes = {kRsaPssRsaeSha256}}, {}, Code::kPeerLacksScheme},
      // TLS 1.3 knows no PKCS#1, no SHA-1, no SHA-224.
      {"Pkcs1IsNot13", {.key = "rsa2048"}, {.schemes = {kRsaPkcs1Sha256}}, {}, Code::kPeerLacksScheme},
      {"Pkcs1IsSteppedOverIn13", {.key = "rsa2048"}, {.schemes = {kRsaPkcs1Sha256, kRsaPssRsaeSha384}}, {}, {},
       kRsaPssRsaeSha384},
      {"Sha1IsNot13", {.key = "p256"}, {.schemes = {kEcdsaSha1}}, {}, Code::kPeerLacksScheme},
      {"RsaSha1IsNot13", {.key = "rsa2048"}, {.schemes = {kRsaPkcs1Sha1}}, {}, Code::kPeerLacksScheme},
      {"Sha224IsNot13", {.key = "p256"}, {.schemes = {kEcdsaSha224}}, {}, Code::kPeerLacksScheme},
      {"CardWithoutPssIn13", {.key = "rsa2048", .hardware = true, .pss = false}, {.schemes = kUsual13}, {},
       Code::kNoSchemeForVersion},
      {"CardWithoutPssIn12",
       {.key = "rsa2048", .hardware = true, .pss = false},
       {.protocol_version = kTls12, .schemes = {kRsaPssRsaeSha256, kRsaPkcs1Sha256}},
       {},
       {},
       kRsaPkcs1Sha256},
      {"CardWithoutPssAndPssOnlyIn12", {.key = "rsa2048", .hardware = true, .pss = false},
       {.protocol_version = kTls12, .schemes = {kRsaPssRsaeSha256}}, {}, Code::kPeerLacksScheme},
      // A PSS salt must fit the modulus.
      {"Rsa1024IsLongEnoughForSha256", {.key = "rsa1024"}, {.schemes = {kRsaPssRsaeSha256}}, {}, {}, kRsaPssRsaeSha256},
      {"Rsa1024IsLongEnoughForSha384", {.key = "rsa1024"}, {.schemes = {kRsaPssRsaeSha384}}, {}, {}, kRsaPssRsaeSha384},
      {"Rsa1024IsTooShortForSha512", {.key = "rsa1024"}, {.schemes = {kRsaPssRsaeSha512}}, {},
       Code::kPeerLacksScheme},
      {"Rsa2048IsLongEnoughForSha512", {.key = "rsa2048"}, {.schemes = {kRsaPssRsaeSha512}}, {}, {}, kRsaPssRsaeSha512},
      {"CardThatOnlyDecryptsHasNothing", {.hardware = true, .signs = false}, {}, {}, Code::kNoScheme},
      // TLS 1.2 binds no curve to a hash, and takes PKCS#1, SHA-224 and SHA-1.
      {"RsaPkcs1In12", {.key = "rsa2048"}, {.protocol_version = kTls12, .schemes = {kRsaPkcs1Sha256}}, {}, {},
       kRsaPkcs1Sha256},
      {"RsaPssIn12", {.key = "rsa2048"}, {.protocol_version = kTls12, .schemes = {kRsaPssRsaeSha256}}, {}, {},
       kRsaPssRsaeSha256},
      {"RsaSha1In12", {.key = "rsa2048"}, {.protocol_version = kTls12, .schemes = {kRsaPkcs1Sha1}}, {}, {},
       kRsaPkcs1Sha1},
      {"RsaSha224In12", {.key = "rsa2048"}, {.protocol_version = kTls12, .schemes = {kRsaPkcs1Sha224}}, {}, {},
       kRsaPkcs1Sha224},
      {"EcSha1In12", {.key = "p256"}, {.protocol_version = kTls12, .schemes = {kEcdsaSha1}}, {}, {}, kEcdsaSha1},
      {"EcSha224In12", {.key = "p256"}, {.protocol_version = kTls12, .schemes = {kEcdsaSha224}}, {}, {},
       kEcdsaSha224},
      {"P384WithSha256In12", {.key = "p384"}, {.protocol_version = kTls12, .schemes = {kEcdsaSecp256r1Sha256}}, {},
       {}, kEcdsaSecp256r1Sha256},
      {"P256WithSha512In12", {.key = "p256"}, {.protocol_version = kTls12, .schemes = {kEcdsaSecp521r1Sha512}}, {},
       {}, kEcdsaSecp521r1Sha512},
      {"BrainpoolIn12", {.key = "brainpool"}, {.protocol_version = kTls12, .schemes = {kEcdsaSecp256r1Sha256}}, {},
       {}, kEcdsaSecp256r1Sha256},
      {"Ed25519In12", {.key = "ed25519"}, {.protocol_version = kTls12, .schemes = {kEd25519}}, {}, {}, kEd25519},
      {"Ed25519RefusedIn12", {.key = "ed25519"}, {.protocol_version = kTls12, .schemes = {kRsaPkcs1Sha256}}, {},
       Code::kPeerLacksScheme},
      {"PssKeyIn12", {.key = "rsapss"}, {.protocol_version = kTls12, .schemes = {kRsaPssPssSha256}}, {}, {},
       kRsaPssPssSha256},
      {"PssKeyCannotPkcs1In12", {.key = "rsapss"}, {.protocol_version = kTls12, .schemes = {kRsaPkcs1Sha256}}, {},
       Code::kPeerLacksScheme},
      {"Dtls13IsAs13", {.key = "p384"}, {.protocol_version = 0xfefc, .schemes = {kEcdsaSecp256r1Sha256}}, {},
       Code::kPeerLacksScheme},
      {"Dtls12IsAs12", {.key = "p384"}, {.protocol_version = 0xfefd, .schemes = {kEcdsaSecp256r1Sha256}}, {}, {}},
      // The peer's order decides; a list that is not known accepts all.
      {"PeersOrder", {.key = "rsa2048"}, {.schemes = {kRsaPssRsaeSha512, kRsaPssRsaeSha256}}, {}, {},
       kRsaPssRsaeSha512},
      {"PeersOrderTurned", {.key = "rsa2048"}, {.schemes = {kRsaPssRsaeSha256, kRsaPssRsaeSha512}}, {}, {},
       kRsaPssRsaeSha256},
      {"UnknownListIn13", {.key = "rsa2048"}, {}, {}, {}, kRsaPssRsaeSha256},
      {"UnknownListIn12", {.key = "p384"}, {.protocol_version = kTls12}, {}, {}},
      {"UnknownSchemesAreSteppedOver", {.key = "p256"},
       {.schemes = {SignatureScheme{0x0842}, kEcdsaSecp256r1Sha256}}, {}, {}, kEcdsaSecp256r1Sha256},
      {"OnlyUnknownSchemes", {.key = "p256"}, {.schemes = {SignatureScheme{0x0842}}}, {}, Code::kPeerLacksScheme},
      // The stack's limits.
      {"StackWithoutEdDsa", {.key = "ed25519"}, {.schemes = kUsual13}, {.stack = "Botan", .stack_schemes = kBotan},
       Code::kStackLacksScheme},
      {"StackWithoutPssKeys", {.key = "rsapss"}, {.schemes = kUsual13}, {.stack = "Botan", .stack_schemes = kBotan},
       Code::kStackLacksScheme},
      {"StackWithEcdsa", {.key = "p256"}, {.schemes = kUsual13}, {.stack = "Botan", .stack_schemes = kBotan}, {},
       kEcdsaSecp256r1Sha256},
      {"StackWithRsa", {.key = "rsa2048"}, {.schemes = {kRsaPssRsaeSha512, kRsaPssRsaeSha384}},
       {.stack = "Botan", .stack_schemes = kBotan}, {}, kRsaPssRsaeSha384},
      {"StackAndPeerHaveNothingInCommon", {.key = "rsa2048"}, {.schemes = {kRsaPssRsaeSha512}},
       {.stack = "Botan", .stack_schemes = kBotan}, Code::kPeerLacksScheme},
  };
  // clang-format on
}

std::vector<Row> KeyRows() {
  // clang-format off
  return {
      {"KeyAndLeafBelongTogether", {}, {}, {}, {}},
      {"KeyOfAnotherCertificate", {.held_key = "p256/2"}, {}, {}, Code::kKeyCertificateMismatch},
      {"TokenIsGone", {.hardware = true, .unavailable = ErrorCode::kTokenAbsent}, {}, {}, Code::kKeyUnavailable},
      {"PinIsLocked", {.hardware = true, .unavailable = ErrorCode::kPinLocked}, {}, {}, Code::kKeyUnavailable},
      {"KeyTurnedOutToBeAnother", {.hardware = true, .unavailable = ErrorCode::kKeyCertificateMismatch}, {}, {},
       Code::kKeyCertificateMismatch},
      {"LockedTokenIsUnlockable", {.hardware = true}, {}, {}, {}},
      // TLS 1.2 certificate_types: 1 rsa_sign, 2 dss_sign, 64 ecdsa_sign.
      {"RsaSignForRsa", {.key = "rsa2048"}, {.protocol_version = kTls12, .certificate_types = {1}}, {}, {}},
      {"RsaSignForPssKey", {.key = "rsapss"}, {.protocol_version = kTls12, .certificate_types = {1}}, {}, {}},
      {"EcdsaSignForRsa", {.key = "rsa2048"}, {.protocol_version = kTls12, .certificate_types = {64}}, {},
       Code::kCertificateType},
      {"EcdsaSignForEc", {.key = "p256"}, {.protocol_version = kTls12, .certificate_types = {64}}, {}, {}},
      {"EcdsaSignForEdDsa", {.key = "ed25519"}, {.protocol_version = kTls12, .certificate_types = {64}}, {}, {}},
      {"EcdsaSignForEd448", {.key = "ed448"}, {.protocol_version = kTls12, .certificate_types = {64}}, {}, {}},
      {"RsaSignForEc", {.key = "p256"}, {.protocol_version = kTls12, .certificate_types = {1}}, {},
       Code::kCertificateType},
      {"RsaSignForEdDsa", {.key = "ed25519"}, {.protocol_version = kTls12, .certificate_types = {1}}, {},
       Code::kCertificateType},
      {"BothTypes", {.key = "p256"}, {.protocol_version = kTls12, .certificate_types = {1, 2, 64}}, {}, {}},
      {"DssSignForNobody", {.key = "p256"}, {.protocol_version = kTls12, .certificate_types = {2}}, {},
       Code::kCertificateType},
      {"NoTypesAreAll", {.key = "p256"}, {.protocol_version = kTls12}, {}, {}},
      {"TypesMeanNothingIn13", {.key = "p256"}, {.protocol_version = kTls13, .certificate_types = {1}}, {}, {}},
  };
  // clang-format on
}

std::vector<Row> AuthorityRows() {
  // clang-format off
  return {
      {"EmptyListAcceptsAll", {.issuer = "A"}, {}, {}, {}},
      {"Issuer", {.issuer = "A"}, {.authorities = {Authority("A")}}, {}, {}},
      {"AnotherIssuer", {.issuer = "A"}, {.authorities = {Authority("B")}}, {}, Code::kAuthorities},
      {"OneOfTwo", {.issuer = "A"}, {.authorities = {Authority("B"), Authority("A")}}, {}, {}},
      {"IssuersIssuer", {.issuer = "A1"}, {.authorities = {Authority("A")}}, {}, {}},
      {"Intermediate", {.issuer = "A1"}, {.authorities = {Authority("A1")}}, {}, {}},
      {"ThreeUp", {.issuer = "A2"}, {.authorities = {Authority("A")}}, {}, {}},
      {"MiddleOfChain", {.issuer = "A2"}, {.authorities = {Authority("A1")}}, {}, {}},
      {"ChainIsNotThere", {.issuer = "A1", .with_chain = false}, {.authorities = {Authority("A")}}, {},
       Code::kAuthorities},
      {"ChainIsNotThereButNotNeeded", {.issuer = "A1", .with_chain = false}, {.authorities = {Authority("A1")}}, {},
       {}},
      {"OwnSubjectIsNoAuthority", {.subject = "alice", .issuer = "A"}, {.authorities = {NameDer({{"CN", "alice"}})}},
       {}, Code::kAuthorities},
      {"SisterIntermediate", {.issuer = "A1"}, {.authorities = {Authority("B1")}}, {}, Code::kAuthorities},
      // RFC 5280 section 7.1.
      {"OtherStringType", {}, {.authorities = {Written("Test CAs", "CA A", kPrintable)}}, {}, {}},
      {"BmpString", {}, {.authorities = {Written(Bmp("Test CAs"), Bmp("CA A"), V_ASN1_BMPSTRING)}}, {}, {}},
      {"OtherCase", {}, {.authorities = {Written("TEST cas", "ca a", kUtf8)}}, {}, {}},
      {"SpacesAround", {}, {.authorities = {Written("  Test CAs ", " CA A  ", kUtf8)}}, {}, {}},
      {"SpacesInside", {}, {.authorities = {Written("Test   CAs", "CA  \tA", kUtf8)}}, {}, {}},
      {"AllAtOnce", {}, {.authorities = {Written(" test  cas", "ca   a ", kPrintable)}}, {}, {}},
      {"NoSpaceIsAnotherName", {}, {.authorities = {Written("TestCAs", "CA A", kUtf8)}}, {}, Code::kAuthorities},
      {"OrderOfRdnsMatters", {}, {.authorities = {NameDer({{"CN", "CA A"}, {"O", "Test CAs"}})}}, {},
       Code::kAuthorities},
      {"AttributeTypeMatters", {}, {.authorities = {NameDer({{"OU", "Test CAs"}, {"CN", "CA A"}})}}, {},
       Code::kAuthorities},
      {"PartOfTheName", {}, {.authorities = {NameDer({{"O", "Test CAs"}})}}, {}, Code::kAuthorities},
      {"LongerName", {}, {.authorities = {NameDer({{"O", "Test CAs"}, {"CN", "CA A"}, {"OU", "x"}})}}, {},
       Code::kAuthorities},
      {"EmptyName", {}, {.authorities = {{0x30, 0x00}}}, {}, Code::kAuthorities},
      {"NoNameAtAll", {}, {.authorities = {{}}}, {}, Code::kAuthorities},
      {"Garbage", {}, {.authorities = {{0x30, 0x82, 0xff}, {0x01, 0x02}, {0x30, 0x80, 0x00, 0x00}}}, {},
       Code::kAuthorities},
      {"GarbageBesideTheRightOne", {}, {.authorities = {{0xff}, Authority("A")}}, {}, {}},
  };
  // clang-format on
}

// Refusing is a policy of a stack that refuses what `refuses` tells, with `code`.
SelectionPolicy Refusing(Code code, std::function<bool(const Certificate&, bool leaf)> refuses) {
  return {.stack_refusal = [=](const Certificate& certificate, bool leaf) -> std::optional<Reason> {
    if (!refuses(certificate, leaf)) return std::nullopt;
    return Reason{code, "the stack refuses " + certificate.subject()};
  }};
}

std::vector<Row> StackRows() {
  const auto leaf = [](const Certificate&, bool is_leaf) { return is_leaf; };
  const auto issuer = [](const char* name) {
    return [subject = "CN=CA " + std::string(name) + ",O=Test CAs"](const Certificate& certificate, bool) {
      return certificate.subject() == subject;
    };
  };
  // clang-format off
  return {
      {"WeakLeafKey", {}, {}, Refusing(Code::kKeyTooWeak, leaf), Code::kKeyTooWeak},
      {"WeakSignatureOnLeaf", {}, {}, Refusing(Code::kSignatureTooWeak, leaf), Code::kSignatureTooWeak},
      {"CurveThatWasNotOffered", {}, {}, Refusing(Code::kCurveNotOffered, leaf), Code::kCurveNotOffered},
      {"RootIsNotSent", {.issuer = "A1"}, {}, Refusing(Code::kKeyTooWeak, issuer("A")), {}},
      {"ChainIsCutBeforeAWeakIssuer", {.issuer = "A2"}, {}, Refusing(Code::kKeyTooWeak, issuer("A1")), {}},
      {"AuthorityBelowTheCut", {.issuer = "A2"}, {.authorities = {Authority("A1")}},
       Refusing(Code::kKeyTooWeak, issuer("A1")), {}},
      {"AuthorityBehindTheCut", {.issuer = "A2"}, {.authorities = {Authority("A")}},
       Refusing(Code::kSignatureTooWeak, issuer("A1")), Code::kSignatureTooWeak},
  };
  // clang-format on
}

std::vector<Row> UsageRows() {
  const auto server = CertificateRequest{.role = CertificateRequest::Role::kServer};
  // clang-format off
  return {
      {"DigitalSignature", {.key_usage = "digitalSignature"}, {}, {}, {}},
      {"DigitalSignatureAndMore", {.key_usage = "digitalSignature,keyEncipherment"}, {}, {}, {}},
      {"NoKeyUsage", {.key_usage = ""}, {}, {}, {}},
      {"OnlyEncipherment", {.key_usage = "keyEncipherment"}, {}, {}, Code::kKeyUsage},
      {"OnlyNonRepudiation", {.key_usage = "nonRepudiation"}, {}, {}, Code::kKeyUsage},
      {"OnlyKeyAgreement", {.key_usage = "critical,keyAgreement"}, {}, {}, Code::kKeyUsage},
      {"ClientAuth", {.purposes = "clientAuth"}, {}, {}, {}},
      {"ClientAuthAndMore", {.purposes = "emailProtection,clientAuth"}, {}, {}, {}},
      {"AnyPurpose", {.purposes = "anyExtendedKeyUsage"}, {}, {}, {}},
      {"AnyPurposeAndMore", {.purposes = "serverAuth,anyExtendedKeyUsage"}, {}, {}, {}},
      {"NoPurposes", {.purposes = ""}, {}, {}, {}},
      {"OnlyServerAuth", {.purposes = "serverAuth"}, {}, {}, Code::kExtendedKeyUsage},
      {"OnlyMail", {.purposes = "emailProtection"}, {}, {}, Code::kExtendedKeyUsage},
      {"OnlyAPrivatePurpose", {.purposes = "1.2.3.4"}, {}, {}, Code::kExtendedKeyUsage},
      // nsCertType, as OpenSSL's X509_check_purpose reads it.
      {"NetscapeClient", {.netscape = "client"}, {}, {}, {}},
      {"NetscapeClientAndMore", {.netscape = "client,email"}, {}, {}, {}},
      {"NetscapeEmail", {.netscape = "email"}, {}, {}, Code::kNetscapeCertType},
      {"NetscapeServer", {.netscape = "server"}, {}, {}, Code::kNetscapeCertType},
      {"NetscapeServerForServer", {.purposes = "", .netscape = "server"}, server, {}, {}},
      {"NetscapeClientForServer", {.purposes = "", .netscape = "client"}, server, {}, Code::kNetscapeCertType},
      {"CriticalServerAuth", {.purposes = "critical,serverAuth"}, {}, {}, Code::kExtendedKeyUsage},
      // A server's own certificate.
      {"ServerWithServerAuth", {.purposes = "serverAuth"}, server, {}, {}},
      {"ServerWithBoth", {.purposes = "serverAuth,clientAuth"}, server, {}, {}},
      {"ServerWithClientAuth", {.purposes = "clientAuth"}, server, {}, Code::kExtendedKeyUsage},
      {"ServerWithoutPurposes", {.purposes = ""}, server, {}, {}},
      {"ServerWithoutDigitalSignature", {.key_usage = "keyEncipherment", .purposes = ""}, server, {},
       Code::kKeyUsage},
      // The clock.
      {"Valid", {.from = -1, .to = 1}, {}, {}, {}},
      {"Expired", {.from = -10, .to = -1}, {}, {}, Code::kExpired},
      {"NotYetValid", {.from = 1, .to = 10}, {}, {}, Code::kNotYetValid},
      {"ExpiredWithinTheSkew", {.to = -4 * kMinute}, {}, {}, {}},
      {"ExpiredBeyondTheSkew", {.to = -6 * kMinute}, {}, {}, Code::kExpired},
      {"NotYetValidWithinTheSkew", {.from = 4 * kMinute}, {}, {}, {}},
      {"NotYetValidBeyondTheSkew", {.from = 6 * kMinute}, {}, {}, Code::kNotYetValid},
      {"ExpiredWithoutSkew", {.to = -kMinute}, {}, {.clock_skew = std::chrono::seconds(0)}, Code::kExpired},
      {"ExpiredWithAWideSkew", {.to = -1}, {}, {.clock_skew = std::chrono::hours(48)}, {}},
      {"EndsNow", {.to = 0}, {}, {.clock_skew = std::chrono::seconds(0)}, {}},
      {"BeginsNow", {.from = 0}, {}, {.clock_skew = std::chrono::seconds(0)}, {}},
  };
  // clang-format on
}

std::vector<Row> OidFilterRows() {
  const auto filter = [](const char* oid, const Der& values) {
    return CertificateRequest{.oid_filters = {{.oid = oid, .values = values}}};
  };
  const auto filter12 = [](const char* oid, const Der& values) {
    return CertificateRequest{.protocol_version = kTls12, .oid_filters = {{.oid = oid, .values = values}}};
  };
  // clang-format off
  return {
      {"FilterUsage", {}, filter(kUsageOid, kUsageSign), {}, {}},
      {"FilterMoreUsage", {}, filter(kUsageOid, kUsageSignEncipher), {}, Code::kOidFilter},
      {"FilterMoreUsageFound", {.key_usage = "digitalSignature,keyEncipherment"},
       filter(kUsageOid, kUsageSignEncipher), {}, {}},
      {"FilterUsageOfNoExtension", {.key_usage = ""}, filter(kUsageOid, kUsageSign), {}, Code::kOidFilter},
      {"FilterPresenceOfUsage", {}, filter(kUsageOid, {}), {}, {}},
      {"FilterPresenceOfUsageMissing", {.key_usage = ""}, filter(kUsageOid, {}), {}, Code::kOidFilter},
      {"FilterPurpose", {}, filter(kPurposeOid, kPurposeClient), {}, {}},
      {"FilterPurposeMissing", {}, filter(kPurposeOid, kPurposeMail), {}, Code::kOidFilter},
      {"FilterPurposeFound", {.purposes = "clientAuth,emailProtection"}, filter(kPurposeOid, kPurposeMail), {}, {}},
      {"FilterPurposeUnheardOf", {}, filter(kPurposeOid, kPurposeUnheardOf), {}, Code::kOidFilter},
      {"FilterPrivatePurposeFound", {.purposes = "clientAuth,1.2.3.4"}, filter(kPurposeOid, kPurposeUnheardOf), {},
       {}},
      {"FilterPurposeOfNoExtension", {.purposes = ""}, filter(kPurposeOid, kPurposeClient), {}, Code::kOidFilter},
      {"FilterPurposeIsNotSatisfiedByAny", {.purposes = "anyExtendedKeyUsage"},
       filter(kPurposeOid, kPurposeClient), {}, Code::kOidFilter},
      {"FilterPresenceOfPurposes", {}, filter(kPurposeOid, {}), {}, {}},
      {"FilterPresenceOfPurposesMissing", {.purposes = ""}, filter(kPurposeOid, {}), {}, Code::kOidFilter},
      {"FilterUnknownIsIgnored", {}, filter("1.2.3.4.5", {0x05, 0x00}), {}, {}},
      {"FilterGarbage", {}, filter(kUsageOid, {0xff, 0xff}), {}, Code::kOidFilter},
      {"FilterPurposeGarbage", {}, filter(kPurposeOid, {0x30, 0x03, 0x01}), {}, Code::kOidFilter},
      {"FilterMeansNothingIn12", {}, filter12(kPurposeOid, kPurposeMail), {}, {}},
      {"FilterBoth",
       {},
       {.oid_filters = {{.oid = kUsageOid, .values = kUsageSign}, {.oid = kPurposeOid, .values = kPurposeClient}}},
       {},
       {}},
      {"FilterBothOneMissing",
       {},
       {.oid_filters = {{.oid = kUsageOid, .values = kUsageSign}, {.oid = kPurposeOid, .values = kPurposeMail}}},
       {},
       Code::kOidFilter},
  };
  // clang-format on
}

void ExpectDecision(const Row& row) {
  const Choice choice = Select(row.request, IdentitySet({MakeIdentity(row.leaf)}), row.policy, Now());
  const auto considered = choice.considered();
  ASSERT_EQ(considered.size(), 1U);
  ASSERT_FALSE(considered[0].reasons.empty());
  EXPECT_FALSE(considered[0].reasons[0].text.empty());
  if (row.refused) {
    EXPECT_EQ(choice.outcome(), Choice::Outcome::kNothingFits);
    EXPECT_EQ(choice.identity(), nullptr);
    EXPECT_FALSE(choice.scheme().has_value());
    EXPECT_FALSE(considered[0].fits);
    EXPECT_EQ(considered[0].reasons[0].code, *row.refused) << considered[0].reasons[0].text;
    return;
  }
  ASSERT_EQ(choice.outcome(), Choice::Outcome::kChosen) << considered[0].reasons[0].text;
  EXPECT_TRUE(considered[0].chosen);
  EXPECT_EQ(considered[0].reasons[0].code, Code::kPreferred);
  ASSERT_TRUE(choice.scheme().has_value());
  if (row.with) {
    EXPECT_EQ(*choice.scheme(), *row.with) << Name(*choice.scheme());
  }
}

// The cryptographic filters hold for a pinned identity too; the others become a warning.
void ExpectPinnedDecision(const Row& row) {
  SelectionPolicy policy = row.policy;
  policy.pinned = "pkcs12:alice";
  const Choice choice = Select(row.request, IdentitySet({MakeIdentity(row.leaf)}), policy, Now());
  const bool cryptographic = row.refused && *row.refused <= Code::kSignatureTooWeak;
  EXPECT_EQ(choice.outcome(), cryptographic ? Choice::Outcome::kPinnedUnusable : Choice::Outcome::kChosen);
  if (!row.refused || cryptographic) return;
  ASSERT_FALSE(choice.warnings().empty());
  EXPECT_EQ(choice.warnings()[0].code, *row.refused);
}

void ExpectDecisions(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    ExpectDecision(row);
    ExpectPinnedDecision(row);
  }
}

TEST(Filter, KeyMustBelongToTheLeafAndBeWithinReach) { ExpectDecisions(KeyRows()); }
TEST(Filter, SchemeMustBeThePeersTheKeysTheStacksAndTheVersions) { ExpectDecisions(SchemeRows()); }
TEST(Filter, AuthorityMustCertifySomethingInTheChain) { ExpectDecisions(AuthorityRows()); }
TEST(Filter, CertificateMustBeOneThatTheStackPresents) { ExpectDecisions(StackRows()); }
TEST(Filter, UsageAndDatesMustAllowIt) { ExpectDecisions(UsageRows()); }
TEST(Filter, OidFiltersThatWeKnowMustMatch) { ExpectDecisions(OidFilterRows()); }

TEST(Filter, TableHasEveryFilterBothWays) {
  std::size_t rows = 0;
  std::map<Code, int> refused;
  for (const auto& table :
       {KeyRows(), SchemeRows(), AuthorityRows(), StackRows(), UsageRows(), OidFilterRows()}) {
    rows += table.size();
    for (const Row& row : table) {
      if (row.refused) ++refused[*row.refused];
    }
  }
  EXPECT_GE(rows, 150U);
  for (auto code = Code::kKeyCertificateMismatch; code <= Code::kOidFilter;
       code = static_cast<Code>(static_cast<int>(code) + 1)) {
    EXPECT_GT(refused[code], 0) << static_cast<int>(code);
  }
}

}  // namespace
}  // namespace signet::testing
