#include "pkcs12/corpus.h"

#include "identity/public_key.h"
#include "pkcs12/pkcs12_source.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <openssl/crypto.h>

namespace signet {
namespace {

// Lacking tells whether this OpenSSL lacks what the row needs. PBMAC1 (`openssl>=3.4`), the second version of
// private keys and the legacy module are no reason: Signet reads the first two itself and finds the third.
// That ML-KEM does not sign is known without any implementation of it.
bool Lacking(const CorpusRow& row) {
  return row.needs == "openssl>=3.5" && row.expected != "NO_SIGNING_KEY" && OPENSSL_version_major() == 3 &&
         OPENSSL_version_minor() < 5;
}

class Corpus : public ::testing::Test {
 protected:
  void SetUp() override {
    if (CorpusRows().empty()) {
      GTEST_SKIP()
          << "the PKCS#12 files of others are not here; set SIGNET_PKCS12_CORPUS to their directories";
    }
  }

  // Rows gives the rows of all collections with `expected`, of which there must be some.
  static std::vector<CorpusRow> Rows(std::string_view expected) {
    std::vector<CorpusRow> rows = CorpusRows();
    std::erase_if(rows, [&](const CorpusRow& row) { return row.expected != expected; });
    EXPECT_FALSE(rows.empty()) << expected;
    std::erase_if(rows, Lacking);
    return rows;
  }
  static Listing List(const CorpusRow& row) { return ListPkcs12(row.Uri(), {}, nullptr); }
  static StoredObjects Load(const CorpusRow& row) { return LoadPkcs12(row.Uri(), kWantAll, {}, nullptr); }

  // ExpectSays demands that there is no identity and that a problem with `code` says why.
  static void ExpectSays(std::string_view expected, ErrorCode code) {
    for (const CorpusRow& row : Rows(expected)) {
      SCOPED_TRACE(row.file + " " + row.password + " " + row.source);
      const Listing listing = List(row);
      EXPECT_TRUE(listing.identities.empty());
      ASSERT_EQ(listing.problems.size(), 1u);
      EXPECT_EQ(Name(listing.problems.front().error.code()), Name(code))
          << listing.problems.front().error.what();
    }
  }
};

// KeyName spells a key as the index does: "RSA-2048", "EC-secp256r1", "Ed25519".
std::string KeyName(const PublicKey& key) {
  static const std::map<std::string, std::string> kCurves = {
      {"prime256v1", "secp256r1"}, {"P-256", "secp256r1"}, {"P-384", "secp384r1"}, {"P-521", "secp521r1"}};
  if (key.type() == KeyType::kEc) {
    const auto curve = kCurves.find(key.curve());
    return "EC-" + (curve != kCurves.end() ? curve->second : key.curve());
  }
  if (key.type() == KeyType::kEd25519) return "Ed25519";
  if (key.type() == KeyType::kEd448) return "Ed448";
  if (key.type() == KeyType::kMlDsa65) return "ML-DSA-65";
  return fmt::format("{}-{}", key.type() == KeyType::kRsaPss ? "RSA" : key.algorithm(), key.bits());
}

// HasNoScheme tells keys that TLS has no signature for: DSA, PSS keys that insist on a longer salt than their
// hash.
bool HasNoScheme(const CorpusRow& row) {
  return row.key.starts_with("DSA") || row.source.find("rsa-pss(2048,sha256,restrict)") != std::string::npos;
}

class CorpusLoads : public Corpus, public ::testing::WithParamInterface<std::string_view> {};

TEST_P(CorpusLoads, KeyLeafAndCountsAsListed) {
  for (const CorpusRow& row : Rows(GetParam())) {
    SCOPED_TRACE(row.file + " " + row.password + " " + row.source);
    const Listing listing = List(row);
    for (const Problem& problem : listing.problems) ADD_FAILURE() << problem.error.what();
    EXPECT_EQ(fmt::format("{}", listing.identities.size()), row.keys);
    const auto listed = std::ranges::find(listing.identities, row.leaf,
                                          [](const Identity& identity) { return identity.leaf().sha256(); });
    if (listed == listing.identities.end()) {
      ADD_FAILURE() << "no identity has the leaf " << row.leaf;
      continue;
    }
    if (listing.identities.size() == 1) {
      EXPECT_EQ(listed->uri(), row.FileUri());
    }
    EXPECT_EQ(listed->key()->schemes().empty(), HasNoScheme(row));
    if (HasNoScheme(row)) {
      EXPECT_FALSE(listed->FitForClientAuth(listed->leaf().not_before()).fit);
    }
    const StoredObjects objects = Load(row);
    EXPECT_EQ(fmt::format("{}", objects.private_keys.size()), row.keys);
    EXPECT_EQ(fmt::format("{}", objects.certificates.size()), row.certificates);
    EXPECT_EQ(KeyName(PublicKey::FromSpki(listed->leaf().subject_public_key_info())), row.key);
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, CorpusLoads, ::testing::Values("LOAD", "LOAD_LEGACY"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_F(Corpus, EveryRowIsOneThatATestExpects) {
  static constexpr std::string_view kExpected[] = {"LOAD",     "LOAD_LEGACY",    "CERT_ONLY",
                                                   "KEY_ONLY", "NO_SIGNING_KEY", "KEY_CERT_MISMATCH",
                                                   "REJECT",   "DIVERGENT",      "NOCRASH"};
  static constexpr std::string_view kNeeds[] = {"", "legacy-provider", "openssl>=3.4", "openssl>=3.5",
                                                "pkcs8-v2"};
  for (const CorpusRow& row : CorpusRows()) {
    EXPECT_NE(std::ranges::find(kExpected, row.expected), std::end(kExpected)) << row.file;
    EXPECT_NE(std::ranges::find(kNeeds, row.needs), std::end(kNeeds)) << row.file;
  }
}

TEST_F(Corpus, CertificatesAloneAreReportedAsSuch) { ExpectSays("CERT_ONLY", ErrorCode::kCertificateOnly); }

TEST_F(Corpus, KeysAloneAreReportedAsSuch) { ExpectSays("KEY_ONLY", ErrorCode::kKeyOnly); }

TEST_F(Corpus, KeysThatCannotSignAreCalledThat) { ExpectSays("NO_SIGNING_KEY", ErrorCode::kNoSigningKey); }

TEST_F(Corpus, KeysWithAnotherKeysCertificateAreReportedAsSuch) {
  ExpectSays("KEY_CERT_MISMATCH", ErrorCode::kKeyCertificateMismatch);
}

TEST_F(Corpus, WhatMustBeRefusedIsRefusedWithAClearError) {
  for (const CorpusRow& row : Rows("REJECT")) {
    SCOPED_TRACE(row.file + " " + row.password + " " + row.source);
    const Listing listing = List(row);
    EXPECT_TRUE(listing.identities.empty());
    ASSERT_FALSE(listing.problems.empty());
    EXPECT_NE(listing.problems.front().error.code(), ErrorCode::kInternal);
    EXPECT_FALSE(listing.problems.front().error.detail().empty());
    EXPECT_TRUE(Load(row).private_keys.empty());
    // A key of an algorithm that nobody can use is unsupported; the file is not damaged.
    if (row.Has("composite") || row.Has("unknown-curve")) {
      EXPECT_EQ(Name(listing.problems.front().error.code()), Name(ErrorCode::kUnsupported));
    }
  }
}

// What docs/pkcs12.md says of files over which loaders disagree.
// clang-format off
const std::map<std::string, std::string_view> kDivergent = {
    {"bc-110936d655e0.p12", "loads"},
    {"bc-5624a3d254a1.p12", "unsupported"},
    {"bc-75a0a1c44dd7.p12", "unsupported"},
    {"bc-79fc08b1f7da.p12", "unsupported"},
    {"dotnet-2024caed2317.p12", "no-signing-key"},
    {"dotnet-7fb731121e96.p12", "no-signing-key"},
    {"gnutls-86b3171ff5f3.p12", "unsupported"},
    {"gnutls-bcdf85982f50.p12", "unsupported"},
    {"keyfile-corpus-1797d285db12.p12", "unsupported"},
    {"keyfile-corpus-1ea7b6d5d0db.p12", "loads"},
    {"keyfile-corpus-23ace8d85690.p12", "wrong-password"},
    {"keyfile-corpus-447663e492e0.p12", "loads"},
    {"keyfile-corpus-4f998156979c.p12", "wrong-password"},
    {"keyfile-corpus-5f6b96765fb7.p12", "malformed"},
    {"keyfile-corpus-6bee5be93b6d.p12", "loads"},
    {"keyfile-corpus-6ed47482a165.p12", "loads"},
    {"keyfile-corpus-8922a9ca66a2.p12", "wrong-password"},
    {"keyfile-corpus-8f3975bc6c62.p12", "loads"},
    {"keyfile-corpus-95c62d807da1.p12", "unsupported"},
    {"keyfile-corpus-99ea8359709b.p12", "unsupported"},
    {"keyfile-corpus-9c6314971d0f.p12", "loads"},
    {"keyfile-corpus-aa6c52fac37e.p12", "malformed"},
    {"keyfile-corpus-ab5ed758a403.p12", "loads"},
    {"keyfile-corpus-b123ec116903.p12", "malformed"},
    {"keyfile-corpus-baba5e97fc89.p12", "malformed"},
    {"keyfile-corpus-be16218a168f.p12", "malformed"},
    {"keyfile-corpus-c344b56bb17f.p12", "wrong-password"},
    {"keyfile-corpus-ca1ef05b387f.p12", "unsupported"},
    {"keyfile-corpus-d8d8748e8b11.p12", "malformed"},
    {"nss-5cd055573925.p12", "malformed"},
    {"nss-61bb09d50e88.p12", "loads"},
};
// clang-format on

TEST_F(Corpus, DivergentFilesLoadOrAreRefusedAsDocumented) {
  for (const CorpusRow& row : Rows("DIVERGENT")) {
    SCOPED_TRACE(row.file);
    const Listing listing = List(row);
    ASSERT_NE(listing.identities.empty(), listing.problems.empty());
    const auto documented = kDivergent.find(row.file);
    EXPECT_EQ(listing.problems.empty() ? "loads" : Name(listing.problems[0].error.code()),
              documented == kDivergent.end() ? "a row of kDivergent" : documented->second);
  }
}

TEST_F(Corpus, FuzzersFindingsEndInAnErrorOrAnIdentity) {
  for (const CorpusRow& row : Rows("NOCRASH")) {
    SCOPED_TRACE(row.file);
    const Listing listing = List(row);
    EXPECT_FALSE(listing.identities.empty() && listing.problems.empty());
    for (const Problem& problem : listing.problems) EXPECT_NE(problem.error.code(), ErrorCode::kInternal);
    Load(row);
  }
}

TEST_F(Corpus, WrongPasswordIsNeverReportedAsDamage) {
  for (CorpusRow row : Rows("LOAD")) {
    if (row.Has("iter1e6") || row.Has("no-mac") || row.Has("any-password")) continue;
    SCOPED_TRACE(row.file);
    row.password = "not the password";
    const Listing listing = List(row);
    ASSERT_EQ(listing.problems.size(), 1u);
    EXPECT_EQ(listing.problems.front().error.code(), ErrorCode::kWrongPassword);
  }
}

}  // namespace
}  // namespace signet
