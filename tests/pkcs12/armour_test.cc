// Files in base64, and files that are something else.
#include "pkcs12/armour.h"

#include "pkcs12/der.h"
#include "pkcs12/file_fixture.h"

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>

namespace signet {
namespace {

using ::testing::HasSubstr;

// Base64 in lines of `width` characters; 0: in one.
std::string Base64(std::span<const std::uint8_t> bytes, std::size_t width = 64, std::string_view end = "\n") {
  std::string whole(bytes.size() / 3 * 4 + 5, '\0');
  whole.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(whole.data()),
                                                        bytes.data(), static_cast<int>(bytes.size()))));
  if (width == 0) return whole;
  std::string lines;
  for (std::size_t at = 0; at < whole.size(); at += width) (lines += whole.substr(at, width)) += end;
  return lines;
}

std::string Pem(std::string_view label, const std::string& body) {
  return "-----BEGIN " + std::string(label) + "-----\n" + body + "-----END " + std::string(label) + "-----\n";
}

std::string Utf16(std::string_view text, bool big_endian) {
  std::string units = big_endian ? "\xfe\xff" : "\xff\xfe";
  for (const char c : text) units += big_endian ? std::string{'\0', c} : std::string{c, '\0'};
  return units;
}

class Armour : public FileFixture {
 protected:
  void WriteText(std::string_view text) const { directory_.Write("file.p12", text); }
  testing::TestIdentity alice_ = pki_.Issue({});
  std::vector<std::uint8_t> file_ = testing::MakePkcs12(alice_);
};

TEST_F(Armour, Base64LoadsHoweverItIsLaidOut) {
  std::string unpadded = Base64(file_, 0);
  while (unpadded.back() == '=') unpadded.pop_back();
  std::string for_urls = unpadded;
  std::ranges::replace(for_urls, '+', '-');
  std::ranges::replace(for_urls, '/', '_');
  const std::string lines = Base64(file_);
  for (const std::string& text :
       {lines, Base64(file_, 0), Base64(file_, 76, "\r\n"), Base64(file_, 5, " \n\t"), unpadded, for_urls,
        "\n\n  " + lines + "\n \n", "\xef\xbb\xbf" + lines, Utf16(lines, false), Utf16(lines, true),
        Utf16(lines, false).substr(2), Utf16(lines, true).substr(2)}) {
    SCOPED_TRACE(text.substr(0, 80));
    WriteText(text);
    EXPECT_EQ(One().leaf(), alice_.certificate);
  }
}

TEST_F(Armour, PemLoadsWithAnyLabelAndSurroundingText) {
  const std::string body = Base64(file_);
  for (const std::string& text :
       {Pem("PKCS12", body), Pem("PFX", body), Pem("CERTIFICATE", body),
        Pem("PKCS12", Base64(file_, 0) + "\n"),
        "Bag Attributes\n  friendlyName: alice\n" + Pem("PKCS12", body) + "\nThe end.\n",
        "\xef\xbb\xbf" + Pem("PKCS12", body),
        Pem("CERTIFICATE", Base64(alice_.certificate.der())) + Pem("PKCS12", body),
        Utf16(Pem("PKCS12", body), false), Pem("PKCS12", Base64(file_, 64, "\r\n")),
        "-----BEGIN PKCS12-----\n" + body}) {
    SCOPED_TRACE(text.substr(0, 80));
    WriteText(text);
    EXPECT_EQ(One().leaf(), alice_.certificate);
  }
}

TEST_F(Armour, PasswordAndDamageAreDistinguishedInArmourToo) {
  WriteText(Pem("PKCS12", Base64(file_)));
  EXPECT_EQ(Problem("?pin-value=geheim").code(), ErrorCode::kWrongPassword);
  WriteText(Base64(std::span(file_).first(file_.size() / 2), 0));
  EXPECT_EQ(Problem().code(), ErrorCode::kMalformed);
  EXPECT_THAT(Problem().detail(), ::testing::Not(HasSubstr("not a PKCS#12 file")));
}

TEST(Base64Text, IsDecodedOrRejectedCompletely) {
  const auto decoded = [](std::string_view text) {
    const WipedBytes bytes = FromBase64({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    return std::string(bytes.bytes().begin(), bytes.bytes().end());
  };
  EXPECT_EQ(decoded("YWJj"), "abc");
  EXPECT_EQ(decoded("YWI="), "ab");
  EXPECT_EQ(decoded("YWI"), "ab");
  EXPECT_EQ(decoded("YQ=="), "a");
  EXPECT_EQ(decoded(" Y W\nI\t= "), "ab");
  for (const char* text : {"", "Y", "YWJjY", "YW=I", "YQ===", "Y===", "=", "YWJj!", "YW Jj-----"})
    EXPECT_EQ(decoded(text), "") << text;
}

TEST_F(Armour, WhatIsNoPkcs12FileIsCalledWhatItIs) {
  const std::string certificate = Pem("CERTIFICATE", Base64(alice_.certificate.der()));
  const std::string key = Pem("PRIVATE KEY", Base64(alice_.private_key));
  struct Row {
    std::string text, is, hint;
  };
  const Row rows[] = {
      {"", "empty", "again"},
      {" \n\n", "blank", "path"},
      {std::string(4096, '\0'), "zero bytes", "again"},
      {key, "a private key in PEM", "-export -inkey"},
      {Pem("ENCRYPTED PRIVATE KEY", "MIIB\n"), "a private key in PEM", "-export -inkey"},
      {certificate, "certificates in PEM", "-export -inkey"},
      {"Bag Attributes\n" + certificate + key, "a private key and certificates in PEM", "-export -in"},
      {Pem("CERTIFICATE REQUEST", "MIIB\n"), "a certificate request", "-export"},
      {Pem("PKCS7", "MIIB\n"), "PKCS#7", "contains the private key"},
      {Pem("PUBLIC KEY", "MIIB\n"), "a public key", "contains the private key"},
      {Pem("X509 CRL", "MIIB\n"), "a revocation list", "path"},
      {Pem("OPENSSH PRIVATE KEY", "b3Bl\n"), "an SSH private key", "SSH"},
      {"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 alice", "an SSH public key", "SSH"},
      {"PuTTY-User-Key-File-3: ssh-rsa\n", "a PuTTY key", "SSH"},
      {Pem("PGP PRIVATE KEY BLOCK", "lQ==\n"), "OpenPGP", "OpenPGP"},
      {Pem("PKCS#11 PROVIDER URI", "MIIB\n"), "points to another key", "URI"},
      {"\xfe\xed\xfe\xed\1\2\3\4", "(JKS)", "keytool"},
      {"\xce\xce\xce\xce\1\2\3\4", "(JCEKS)", "keytool"},
      {std::string("SQLite format 3\0\1", 17), "database", "pk12util"},
      {"PK\3\4....", "a ZIP archive", "Unpack"},
      {"\x1f\x8b\x08", "gzip", "Unpack"},
      {"\n<!DOCTYPE html><html>", "an HTML page", "again"},
      {"\xef\xbb\xbf<HTML>", "an HTML page", "again"},
      {"<?xml version='1.0'?>", "XML", "again"},
      {"{\"data\": 1}", "JSON", "field"},
      {"version https://git-lfs.github.com/spec/v1\n", "Git LFS", "git lfs pull"},
      {"pkcs11:token=a", "a pkcs11: URI", "URI"},
      {"hello", "text", "path"},
      {"0 is not a SEQUENCE", "text", "path"},
      {Utf16("hello", false), "text", "path"},
      {Base64(alice_.certificate.der()), "a certificate", "-export -inkey"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.text.substr(0, 40));
    WriteText(row.text);
    const Error error = Problem();
    EXPECT_EQ(error.code(), ErrorCode::kMalformed);
    EXPECT_THAT(error.detail(), HasSubstr("not a PKCS#12 file"));
    EXPECT_THAT(error.detail(), HasSubstr(row.is));
    EXPECT_THAT(error.hint(), HasSubstr(row.hint));
  }
  WriteText("\x80\1\2\3");
  EXPECT_EQ(Problem().code(), ErrorCode::kMalformed);
}

TEST_F(Armour, DerOfAnotherKindIsCalledWhatItIs) {
  const der::Value algorithm = der::Sequence({der::Oid("1.2.840.113549.1.5.13"), der::Sequence({})});
  struct Row {
    std::vector<std::uint8_t> bytes;
    const char* is;
  };
  const auto spki = alice_.certificate.subject_public_key_info();
  const Row rows[] = {
      {{alice_.certificate.der().begin(), alice_.certificate.der().end()}, "a certificate"},
      {{alice_.private_key.begin(), alice_.private_key.end()}, "a private key"},
      {der::Sequence({der::Integer(0), der::Integer(77), der::Integer(3)}), "a private key"},
      {der::Sequence({der::Integer(1), der::Octets(der::Value(32, 1))}), "a private key"},
      {der::Sequence({algorithm, der::Octets(der::Value(32, 1))}), "an encrypted private key"},
      {{spki.begin(), spki.end()}, "a public key"},
      {der::Sequence({der::Oid("1.2.840.113549.1.7.2"), der::Context0({der::Null()})}), "PKCS#7"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.is);
    Write(row.bytes);
    EXPECT_EQ(Problem().code(), ErrorCode::kMalformed);
    EXPECT_THAT(Problem().detail(), HasSubstr(row.is));
    EXPECT_FALSE(Problem().hint().empty());
  }
}

}  // namespace
}  // namespace signet
