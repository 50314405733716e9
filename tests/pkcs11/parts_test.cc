#include "base/openssl_context.h"
#include "base/openssl_error.h"
#include "base/openssl_ptr.h"
#include "identity/der.h"
#include "identity/hashes.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include "pkcs11/keys/mechanism_plan.h"
#include "pkcs11/keys/rsa_padding.h"
#include "pkcs11/module/rv.h"
#include "pkcs11/world.h"

#include <atomic>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/rsa.h>
#include <unistd.h>

namespace signet {
namespace {

using Kind = SigningAlgorithm::Kind;
using namespace std::chrono_literals;

TEST(Pkcs11Mechanisms, EveryHashAndEverySchemeHasItsRow) {
  for (const HashRow& row : Hashes()) {
    const MechanismHashRow* mine = FindMechanismHash(row.hash);
    ASSERT_NE(mine, nullptr) << row.name;
  }
  for (const SchemeRow& row : SignatureSchemes()) {
    EXPECT_TRUE(PlanFor(row.algorithm, InputForm::kDigest, ~MechanismSet{0})) << row.name;
    EXPECT_FALSE(PlanFor(row.algorithm, InputForm::kDigest, 0)) << row.name;
  }
  for (const MechanismRow& row : MechanismRows()) {
    EXPECT_THAT(MechanismName(row.mechanism), ::testing::StartsWith("CKM_"));
  }
}

TEST(Pkcs11Mechanisms, APlanSkipsWhatPssParametersCannotSay) {
  const SigningAlgorithm algorithm = {.kind = Kind::kRsaPss, .hash = Hash::kSha256, .mgf1_hash = Hash::kMd5};
  const auto plan = PlanFor(algorithm, InputForm::kDigest, ~MechanismSet{0});
  ASSERT_TRUE(plan);
  EXPECT_EQ(MechanismRows()[*plan].mechanism, CKM_RSA_X_509);
}

TEST(Pkcs11Mechanisms, EverySchemeWithAHashHasAMechanismThatHashesInTheToken) {
  for (const SchemeRow& row : SignatureSchemes()) {
    const auto plan = PlanFor(row.algorithm, InputForm::kMessage, ~MechanismSet{0});
    ASSERT_EQ(plan.has_value(), row.algorithm.hash != Hash::kNone) << row.name;
    if (!plan) continue;
    EXPECT_EQ(MechanismRows()[*plan].hash, row.algorithm.hash) << row.name;
    EXPECT_FALSE(PlanFor(row.algorithm, InputForm::kDigest, MechanismSet{1} << *plan)) << row.name;
    EXPECT_EQ(NamesOf(MechanismSet{1} << *plan, row.algorithm.kind),
              MechanismName(MechanismRows()[*plan].mechanism));
  }
}

TEST(Pkcs11Rv, EveryRowHasAnUnambiguousNumberAndWords) {
  for (CK_RV rv = 0; rv < 0x300; ++rv) {
    const RvRow& row = RowOfRv(rv);
    EXPECT_NE(row.detail, nullptr);
    if (row.name != nullptr) {
      EXPECT_EQ(row.rv, rv);
    }
  }
  const Error vendor = RvError(0x80000123, "C_Sign", "t");
  EXPECT_THAT(vendor.what(), ::testing::HasSubstr("0x80000123"));
}

// The header available names the codes in one define each.
TEST(Pkcs11Rv, EveryCodeOfTheHeaderHasARow) {
  std::ifstream header(SIGNET_PKCS11_HEADER);
  ASSERT_TRUE(header) << SIGNET_PKCS11_HEADER;
  const std::regex define(R"(#define\s+(CKR_\w+)\s+\((0x[0-9a-fA-F]+|\d+)UL\).*)");
  std::size_t codes = 0;
  for (std::string line; std::getline(header, line);) {
    std::smatch found;
    if (!std::regex_match(line, found, define)) continue;
    ++codes;
    EXPECT_EQ(RvName(std::stoul(found[2], nullptr, 0)), found[1]);
  }
  EXPECT_GE(codes, 90u);
}

TEST(Pkcs11Rv, EveryCodeOfPkcs11Version3HasARow) {
  for (CK_RV rv = 0x200; rv <= 0x209; ++rv) EXPECT_NE(RowOfRv(rv).name, nullptr) << rv;
  EXPECT_NE(RowOfRv(kCkrAeadDecryptFailed).name, nullptr);
}

TEST(Pkcs11Rv, EveryFailureSaysWhatToDo) {
  for (CK_RV rv = 1; rv < 0x300; ++rv) EXPECT_FALSE(std::string(RowOfRv(rv).hint).empty()) << rv;
}

TEST(Pkcs11Der, SignaturesMatchOpenSsls) {
  for (const int size : {32, 48, 66}) {
    for (int round = 0; round < 300; ++round) {
      std::vector<std::uint8_t> raw(static_cast<std::size_t>(size) * 2);
      for (std::size_t i = 0; i < raw.size(); ++i) raw[i] = static_cast<std::uint8_t>(std::rand());
      for (int i = 0; i < round % 4; ++i) raw[static_cast<std::size_t>(i)] = 0;
      if (round % 4 == 3) raw[3] = 0x7f;
      const OpenSslPtr<ECDSA_SIG> signature(ECDSA_SIG_new());
      ECDSA_SIG_set0(signature.get(), BN_bin2bn(raw.data(), size, nullptr),
                     BN_bin2bn(raw.data() + size, size, nullptr));
      std::vector<std::uint8_t> expected(200);
      unsigned char* to = expected.data();
      expected.resize(static_cast<std::size_t>(i2d_ECDSA_SIG(signature.get(), &to)));
      std::vector<std::uint8_t> der(200);
      der.resize(EcdsaToDer(raw, der));
      ASSERT_EQ(der, expected);
    }
  }
}

TEST(Pkcs11Der, WhatIsNoSignatureIsRefused) {
  std::vector<std::uint8_t> der(200);
  EXPECT_EQ(EcdsaToDer(std::vector<std::uint8_t>(64), der), 0u);
  EXPECT_EQ(EcdsaToDer(std::vector<std::uint8_t>(63, 1), der), 0u);
  EXPECT_EQ(EcdsaToDer({}, der), 0u);
  EXPECT_EQ(EcdsaToDer(std::vector<std::uint8_t>(64, 1), std::span(der).first(69)), 0u);
  EXPECT_EQ(EcdsaToDer(std::vector<std::uint8_t>(64, 1), std::span(der).first(70)), 70u);
}

TEST(Pkcs11Der, ContentIsTakenOutOfExactlyOneElement) {
  const std::vector<std::uint8_t> content(300, 5);
  const auto der = DerWrap(0x04, content);
  EXPECT_TRUE(std::ranges::equal(DerContent(0x04, der), content));
  EXPECT_TRUE(DerContent(0x03, der).empty());
  EXPECT_TRUE(DerContent(0x04, std::span(der).first(der.size() - 1)).empty());
  EXPECT_TRUE(DerContent(0x04, std::vector<std::uint8_t>{0x04, 0x85, 0, 0, 0, 0, 1, 1}).empty());
}

// RsaPadding checks our padding with OpenSSL's raw private operation and its own verification.
TEST(Pkcs11RsaPadding, VerifiesForEveryModulusAndSaltThatFit) {
  for (const unsigned bits : {1024u, 1025u, 1031u, 2048u}) {
    const OpenSslPtr<EVP_PKEY> key(
        EVP_PKEY_Q_keygen(OwnContext(), nullptr, "RSA", static_cast<std::size_t>(bits)));
    ASSERT_NE(key, nullptr);
    const PublicKey public_key = PublicKey::FromNative(key.get());
    const std::vector<std::uint8_t> digest(32, 9);
    const auto raw = [&](std::span<const std::uint8_t> block) {
      const OpenSslPtr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(OwnContext(), key.get(), nullptr));
      std::vector<std::uint8_t> signature(block.size());
      std::size_t size = signature.size();
      CheckOpenSsl(EVP_PKEY_sign_init(context.get()), "EVP_PKEY_sign_init");
      CheckOpenSsl(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING),
                   "EVP_PKEY_CTX_set_rsa_padding");
      CheckOpenSsl(EVP_PKEY_sign(context.get(), signature.data(), &size, block.data(), block.size()),
                   "EVP_PKEY_sign");
      return signature;
    };
    std::vector<std::uint8_t> block((bits + 7) / 8);
    for (const int salt : {0, 20, 32}) {
      const SigningAlgorithm pss = {
          .kind = Kind::kRsaPss, .hash = Hash::kSha256, .mgf1_hash = Hash::kSha1, .salt_length = salt};
      PadPss(pss, digest, static_cast<int>(bits), block);
      EXPECT_TRUE(public_key.Verify(pss, digest, raw(block))) << bits << ' ' << salt;
    }
    std::vector<std::uint8_t> info(51);
    ASSERT_EQ(PutDigestInfo(Hash::kSha256, digest, info), 51u);
    PadPkcs1(info, block);
    EXPECT_TRUE(public_key.Verify({.kind = Kind::kRsaPkcs1, .hash = Hash::kSha256}, digest, raw(block)))
        << bits;
  }
}

TEST(Pkcs11RsaPadding, WhatDoesNotFitIsRefused) {
  std::vector<std::uint8_t> block(64);
  EXPECT_THROW(PadPkcs1(std::vector<std::uint8_t>(54), block), Error);
  EXPECT_NO_THROW(PadPkcs1(std::vector<std::uint8_t>(53), block));
  const std::vector<std::uint8_t> digest(32);
  const SigningAlgorithm pss = {
      .kind = Kind::kRsaPss, .hash = Hash::kSha256, .mgf1_hash = Hash::kSha256, .salt_length = 31};
  EXPECT_THROW(PadPss(pss, digest, 512, block), Error);
}

}  // namespace
}  // namespace signet
