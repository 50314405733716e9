#include "pkcs12/corpus.h"

#include "identity/public_key.h"
#include "pkcs12/pkcs12_source.h"

#include <algorithm>
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

TEST_F(Corpus, CertificatesAloneAreCalledThat) { ExpectSays("CERT_ONLY", ErrorCode::kCertificateOnly); }

TEST_F(Corpus, KeysAloneAreCalledThat) { ExpectSays("KEY_ONLY", ErrorCode::kKeyOnly); }

TEST_F(Corpus, WhatMustBeRefusedIsRefusedWithOneClearError) {
  for (const CorpusRow& row : Rows("REJECT")) {
    SCOPED_TRACE(row.file);
    const Listing listing = List(row);
    EXPECT_TRUE(listing.identities.empty());
    ASSERT_FALSE(listing.problems.empty());
    EXPECT_FALSE(listing.problems.front().error.mend().empty());
    EXPECT_TRUE(Load(row).private_keys.empty());
  }
}

// docs/pkcs12.md says which choice was made where loaders disagree.
TEST_F(Corpus, DivergentFilesLoadOrAreRefusedAsDocumented) {
  std::size_t loaded = 0;
  for (const CorpusRow& row : Rows("DIVERGENT")) {
    SCOPED_TRACE(row.file);
    const Listing listing = List(row);
    loaded += listing.identities.size();
    EXPECT_NE(listing.identities.empty(), listing.problems.empty());
  }
  EXPECT_EQ(loaded, 7u);
}

TEST_F(Corpus, FuzzersFindingsEndInAnErrorOrAnIdentity) {
  for (const CorpusRow& row : Rows("NOCRASH")) {
    SCOPED_TRACE(row.file);
    const Listing listing = List(row);
    EXPECT_FALSE(listing.identities.empty() && listing.problems.empty());
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
