// What this OpenSSL has, a file may use: asked of OpenSSL itself, so that no algorithm is forgotten.
#include "base/openssl_ptr.h"
#include "pkcs12/der.h"
#include "pkcs12/file_fixture.h"
#include "pkcs12/scheme.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/objects.h>

namespace signet {
namespace {

using der::Value;
using ::testing::HasSubstr;

// Known are algorithms by the OID that their provider states.
using Known = std::map<std::string, std::string>;

void AddName(const char* name, void* oid) {
  if (std::isdigit(static_cast<unsigned char>(*name)) != 0) *static_cast<std::string*>(oid) = name;
}

template <class Algorithm, class DoAll, class NamesOf>
Known All(DoAll do_all, NamesOf names_of, const char* (*name_of)(const Algorithm*)) {
  struct Walk {
    Known known;
    NamesOf names_of;
    const char* (*name_of)(const Algorithm*);
  } walk{{}, names_of, name_of};
  do_all(
      Theirs(),
      [](Algorithm* algorithm, void* argument) {
        auto& to = *static_cast<Walk*>(argument);
        std::string oid;
        to.names_of(algorithm, AddName, &oid);
        if (!oid.empty()) to.known[oid] = to.name_of(algorithm);
      },
      &walk);
  EXPECT_GT(walk.known.size(), 10u);
  return walk.known;
}

Known Digests() { return All<EVP_MD>(EVP_MD_do_all_provided, EVP_MD_names_do_all, EVP_MD_get0_name); }
Known Ciphers() {
  return All<EVP_CIPHER>(EVP_CIPHER_do_all_provided, EVP_CIPHER_names_do_all, EVP_CIPHER_get0_name);
}

using AllAlgorithms = FileFixture;

TEST_F(AllAlgorithms, EveryDigestOfOpenSslMakesAMac) {
  const auto alice = pki_.Issue({});
  const Value content = der::Sequence(
      {der::SafeContents({der::KeyBag(alice.private_key), der::CertificateBag(alice.certificate)})});
  for (const auto& [oid, name] : Digests()) {
    SCOPED_TRACE(name + " " + oid);
    const Value mac = Mac(oid, {0, 's', 0, 'e', 0, 'c', 0, 'r', 0, 'e', 0, 't', 0, 0}, content);
    Write(der::Pfx(content, mac.empty()
                                ? der::Sequence({der::Sequence({der::Sequence({der::Oid(oid.c_str())}),
                                                                der::Octets(Value(32, 1))}),
                                                 der::Octets(Value(8, 1))})
                                : mac));
    if (mac.empty()) {
      EXPECT_EQ(Problem().code(), ErrorCode::kUnsupported);
      EXPECT_THAT(Problem().detail(), HasSubstr("no HMAC"));
    } else {
      EXPECT_EQ(One().leaf(), alice.certificate);
    }
  }
}

Scheme With(const std::string& oid, const std::string& name) {
  Scheme scheme{.name = name, .cipher_oid = oid, .cipher = name, .key_size = 32, .cipher_parameters = {}};
  return scheme;
}

// Parameters are those of RFC 8018 appendix B.2 and RFC 5084 for the cipher.
Value Parameters(const Scheme& scheme) {
  if (scheme.tag_size == 16) return der::Sequence({der::Octets(Iv(scheme.iv_size)), der::Integer(16)});
  if (scheme.tag_size != 0) return der::Sequence({der::Octets(Iv(scheme.iv_size))});
  if (scheme.cipher == "RC2-CBC") return der::Sequence({der::Integer(58), der::Octets(Iv(8))});
  return scheme.iv_size != 0 ? der::Octets(Iv(scheme.iv_size)) : der::Null();
}

TEST_F(AllAlgorithms, EveryCipherOfOpenSslEncryptsAFileButXtsAndKeyWrap) {
  const auto alice = pki_.Issue({});
  for (const auto& [oid, name] : Ciphers()) {
    SCOPED_TRACE(name + " " + oid);
    const OpenSslPtr<EVP_CIPHER> cipher(EVP_CIPHER_fetch(Theirs(), oid.c_str(), nullptr));
    const int mode = EVP_CIPHER_get_mode(cipher.get());
    Scheme scheme = With(oid, name);
    scheme.key_size = static_cast<std::size_t>(EVP_CIPHER_get_key_length(cipher.get()));
    scheme.iv_size = static_cast<std::size_t>(EVP_CIPHER_get_iv_length(cipher.get()));
    if (mode == EVP_CIPH_WRAP_MODE || mode == EVP_CIPH_XTS_MODE) {
      scheme.cipher = "AES-128-CBC";  // The file says one thing and does another, and gets no further.
      scheme.key_size = scheme.iv_size = 16;
      scheme.cipher_parameters = der::Octets(Iv(16));
      Write(FileUnder(scheme, alice, "secret"));
      for (const signet::Problem& problem : List().problems)
        EXPECT_EQ(problem.error.code(), ErrorCode::kUnsupported);
      EXPECT_TRUE(List().identities.empty());
      continue;
    }
    const bool aead = mode == EVP_CIPH_GCM_MODE || mode == EVP_CIPH_CCM_MODE;
    for (const std::size_t tag : aead ? std::vector<std::size_t>{12, 16} : std::vector<std::size_t>{0}) {
      scheme.tag_size = tag;
      scheme.cipher_parameters = Parameters(scheme);
      Write(FileUnder(scheme, alice, "secret"));
      EXPECT_EQ(One().leaf(), alice.certificate);
      EXPECT_EQ(Problem("?pin-value=geheim").code(), ErrorCode::kWrongPassword);
    }
  }
}

TEST_F(AllAlgorithms, ChaCha20Poly1305IsKnownByItsOid) {
  const auto alice = pki_.Issue({});
  Scheme scheme = With("1.2.840.113549.1.9.16.3.18", "ChaCha20-Poly1305");
  scheme.iv_size = 12;
  scheme.tag_size = 16;
  scheme.cipher_parameters = der::Octets(Iv(12));
  Write(FileUnder(scheme, alice, "secret"));
  EXPECT_EQ(One().leaf(), alice.certificate);
}

TEST_F(AllAlgorithms, NoncesAndTagsThatNoAeadHasAreMalformed) {
  const auto alice = pki_.Issue({});
  for (const bool ccm : {false, true}) {
    Scheme scheme =
        ccm ? With("2.16.840.1.101.3.4.1.47", "AES-256-CCM") : With("2.16.840.1.101.3.4.1.46", "AES-256-GCM");
    scheme.iv_size = 12;
    scheme.tag_size = 16;
    for (const std::size_t tag : {0, 3, 11, 17, 1 << 30}) {
      scheme.cipher_parameters = der::Sequence({der::Octets(Iv(12)), der::Integer(tag)});
      Write(FileUnder(scheme, alice, "secret"));
      EXPECT_EQ(Problem().code(), ErrorCode::kMalformed) << tag;
    }
    for (const std::size_t nonce : {0, 65, 2000}) {
      scheme.cipher_parameters = der::Sequence({der::Octets(Iv(nonce)), der::Integer(16)});
      Write(FileUnder(scheme, alice, "secret"));
      EXPECT_EQ(Problem().code(), ErrorCode::kMalformed) << nonce;
    }
  }
}

// HMACs by their OIDs, old ones too, with their hashes: what EVP_PBE_find knows, and what it lacks.
TEST_F(AllAlgorithms, EveryHmacIsAPseudorandomFunction) {
  static constexpr std::pair<const char*, const char*> kHmacs[] = {
      {"1.3.6.1.5.5.8.1.1", "MD5"},       {"1.3.6.1.5.5.8.1.2", "SHA1"},
      {"1.3.6.1.5.5.8.1.4", "RIPEMD160"}, {"1.2.156.10197.1.401.2", "SM3"},
      {"1.2.156.10197.1.401.3.1", "SM3"},
  };
  Known hmacs(std::begin(kHmacs), std::end(kHmacs));
  for (std::size_t i = 0;; ++i) {
    int type = 0;
    int prf = 0;
    if (EVP_PBE_get(&type, &prf, i) != 1) break;
    int digest = 0;
    if (type != EVP_PBE_TYPE_PRF || EVP_PBE_find(type, prf, nullptr, &digest, nullptr) != 1) continue;
    char oid[80];
    OBJ_obj2txt(oid, sizeof oid, OBJ_nid2obj(prf), 1);
    const char* name = OBJ_nid2sn(digest);
    if (OpenSslPtr<EVP_MD>(EVP_MD_fetch(Theirs(), name, nullptr)) != nullptr) hmacs[oid] = name;
  }
  EXPECT_GT(hmacs.size(), 10u);
  const auto alice = pki_.Issue({});
  for (const auto& [oid, digest] : hmacs) {
    SCOPED_TRACE(digest + " " + oid);
    Scheme scheme = With("2.16.840.1.101.3.4.1.42", "AES-256-CBC");
    scheme.cipher_parameters = der::Octets(Iv(16));
    scheme.prf_oid = oid;
    scheme.prf = digest;
    Write(FileUnder(scheme, alice, "secret"));
    EXPECT_EQ(One().leaf(), alice.certificate);
  }
}

}  // namespace
}  // namespace signet
