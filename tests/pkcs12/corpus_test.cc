#include "pkcs12/corpus.h"

#include "identity/public_key.h"
#include "pkcs12/pkcs12_source.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace signet {
namespace {

class Corpus : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto directory = CorpusDirectory();
    if (!directory) {
      GTEST_SKIP()
          << "the corpus of foreign PKCS#12 files is not here; set SIGNET_PKCS12_CORPUS to its directory";
    }
    directory_ = *directory;
  }

  // Rows gives the rows with `expected`, of which there must be some.
  std::vector<CorpusRow> Rows(std::string_view expected) const {
    std::vector<CorpusRow> rows = CorpusRows(directory_);
    std::erase_if(rows, [&](const CorpusRow& row) { return row.expected != expected; });
    EXPECT_FALSE(rows.empty()) << expected;
    return rows;
  }
  Listing List(const CorpusRow& row) const { return ListPkcs12(row.Uri(directory_), {}, nullptr); }
  StoredObjects Load(const CorpusRow& row) const {
    return LoadPkcs12(row.Uri(directory_), kWantAll, {}, nullptr);
  }

  // ExpectSays demands that there is no identity and that a problem with `code` says why.
  void ExpectSays(std::string_view expected, ErrorCode code) const {
    for (const CorpusRow& row : Rows(expected)) {
      SCOPED_TRACE(row.file);
      const Listing listing = List(row);
      EXPECT_TRUE(listing.identities.empty());
      ASSERT_EQ(listing.problems.size(), 1u);
      EXPECT_EQ(listing.problems.front().error.code(), code);
    }
  }

  std::filesystem::path directory_;
};

// KeyName spells a key as the index does: "RSA-2048", "EC-secp256r1".
std::string KeyName(const PublicKey& key) {
  if (key.type() == KeyType::kEc) return "EC-" + (key.curve() == "prime256v1" ? "secp256r1" : key.curve());
  return fmt::format("{}-{}", key.type() == KeyType::kRsaPss ? "RSA" : key.algorithm(), key.bits());
}

class CorpusLoads : public Corpus, public ::testing::WithParamInterface<std::string_view> {};

TEST_P(CorpusLoads, KeyLeafAndCountsAsListed) {
  for (const CorpusRow& row : Rows(GetParam())) {
    SCOPED_TRACE(row.file);
    const Listing listing = List(row);
    ASSERT_EQ(listing.identities.size(), 1u);
    EXPECT_TRUE(listing.problems.empty());
    const Identity& identity = listing.identities.front();
    EXPECT_EQ(identity.leaf().sha256(), row.leaf);
    EXPECT_EQ(identity.uri(), row.Uri(directory_).substr(0, row.Uri(directory_).find('?')));
    const StoredObjects objects = Load(row);
    ASSERT_EQ(fmt::format("{}", objects.private_keys.size()), row.keys);
    EXPECT_EQ(fmt::format("{}", objects.certificates.size()), row.certificates);
    EXPECT_EQ(KeyName(objects.public_keys.front()), row.key);
    EXPECT_EQ(objects.certificates.front().sha256(), row.leaf);
    // TLS has nothing for DSA, nor for a PSS key that insists on a longer salt than its hash.
    if (row.key.starts_with("DSA") || row.source.find("rsa-pss(2048,sha256,restrict)") != std::string::npos) {
      EXPECT_TRUE(identity.key()->schemes().empty());
      EXPECT_FALSE(identity.FitForClientAuth(identity.leaf().not_before()).fit);
    } else {
      EXPECT_FALSE(identity.key()->schemes().empty());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, CorpusLoads, ::testing::Values("LOAD", "LOAD_LEGACY"),
                         [](const auto& tested) { return std::string(tested.param); });

TEST_F(Corpus, EveryRowIsOneThatATestExpects) {
  static constexpr std::string_view kExpected[] = {"LOAD",   "LOAD_LEGACY", "CERT_ONLY", "KEY_ONLY",
                                                   "REJECT", "DIVERGENT",   "NOCRASH"};
  for (const CorpusRow& row : CorpusRows(directory_)) {
    EXPECT_NE(std::ranges::find(kExpected, row.expected), std::end(kExpected)) << row.file;
  }
}

TEST_F(Corpus, CertificatesAloneAreCalledThat) { ExpectSays("CERT_ONLY", ErrorCode::kCertificateOnly); }

TEST_F(Corpus, KeysAloneAreCalledThat) { ExpectSays("KEY_ONLY", ErrorCode::kKeyOnly); }

TEST_F(Corpus, WhatMustBeRefusedIsRefusedWithOneClearError) {
  for (const CorpusRow& row : Rows("REJECT")) {
    SCOPED_TRACE(row.file);
    const Listing listing = List(row);
    EXPECT_TRUE(listing.identities.empty());
    ASSERT_FALSE(listing.problems.empty());
    EXPECT_NE(listing.problems.front().error.code(), ErrorCode::kInternal);
    EXPECT_FALSE(listing.problems.front().error.detail().empty());
    EXPECT_TRUE(Load(row).private_keys.empty());
  }
}

// What docs/pkcs12.md says of files over which loaders disagree.
// clang-format off
const std::map<std::string, std::string_view> kDivergent = {
    {"gnutls-86b3171ff5f3.p12", "unsupported"},
    {"gnutls-bcdf85982f50.p12", "unsupported"},
    {"keyfile-corpus-1797d285db12.p12", "unsupported"},
    {"keyfile-corpus-1ea7b6d5d0db.p12", "loads"},
    {"keyfile-corpus-23ace8d85690.p12", "unsupported"},
    {"keyfile-corpus-447663e492e0.p12", "loads"},
    {"keyfile-corpus-4f998156979c.p12", "wrong-password"},
    {"keyfile-corpus-5f6b96765fb7.p12", "malformed"},
    {"keyfile-corpus-6bee5be93b6d.p12", "loads"},
    {"keyfile-corpus-6ed47482a165.p12", "loads"},
    {"keyfile-corpus-8922a9ca66a2.p12", "unsupported"},
    {"keyfile-corpus-8f3975bc6c62.p12", "loads"},
    {"keyfile-corpus-95c62d807da1.p12", "unsupported"},
    {"keyfile-corpus-99ea8359709b.p12", "unsupported"},
    {"keyfile-corpus-9c6314971d0f.p12", "loads"},
    {"keyfile-corpus-aa6c52fac37e.p12", "malformed"},
    {"keyfile-corpus-ab5ed758a403.p12", "loads"},
    {"keyfile-corpus-b123ec116903.p12", "malformed"},
    {"keyfile-corpus-baba5e97fc89.p12", "unsupported"},
    {"keyfile-corpus-be16218a168f.p12", "malformed"},
    {"keyfile-corpus-c344b56bb17f.p12", "wrong-password"},
    {"keyfile-corpus-ca1ef05b387f.p12", "unsupported"},
    {"keyfile-corpus-d8d8748e8b11.p12", "unsupported"},
};
// clang-format on

TEST_F(Corpus, DivergentFilesLoadOrAreRefusedAsDocumented) {
  for (const CorpusRow& row : Rows("DIVERGENT")) {
    SCOPED_TRACE(row.file);
    const Listing listing = List(row);
    ASSERT_NE(listing.identities.empty(), listing.problems.empty());
    const auto documented = kDivergent.find(row.file);
    if (documented == kDivergent.end()) continue;
    EXPECT_EQ(listing.problems.empty() ? "loads" : Name(listing.problems[0].error.code()),
              documented->second);
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

TEST_F(Corpus, WrongPasswordIsNeverTakenForDamage) {
  for (CorpusRow row : Rows("LOAD")) {
    if (row.tags.find("iter1e6") != std::string::npos || row.tags.find("no-mac") != std::string::npos)
      continue;
    SCOPED_TRACE(row.file);
    row.password = "not the password";
    const Listing listing = List(row);
    ASSERT_EQ(listing.problems.size(), 1u);
    EXPECT_EQ(listing.problems.front().error.code(), ErrorCode::kWrongPassword);
  }
}

}  // namespace
}  // namespace signet
