#pragma once

#include <signet/certificate.h>
#include <signet/export.h>
#include <signet/testing/process.h>
#include <signet/testing/temporary_directory.h>
#include <signet/testing/test_pki.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace signet::testing {

// SoftHsm is a temporary SoftHSM with its own tokens, in a private directory that its destructor removes.
// All changes to a token happen in a short-lived process, so this process does not load SoftHSM or read its
// configuration too early. SoftHSM reads its configuration once for each process, at its first C_Initialize:
// a test that needs several tokens makes one SoftHsm and adds tokens to it. Every function throws
// std::runtime_error.
class SIGNET_EXPORT SoftHsm {
 public:
  // Options describe a token when it is made.
  struct Options {
    std::string label = "signet-test";  // CK_TOKEN_INFO's label
    std::string pin = "1234";           // the user's
    std::string so_pin = "12345678";    // the security officer's
    // mechanisms is SoftHSM's slots.mechanisms: "ALL", a list, or with "-" in front what is left out.
    std::string mechanisms = "ALL";
  };

  // ObjectOptions say how objects are named and what a new private key may do.
  struct ObjectOptions {
    std::string id = "\x01";           // CKA_ID, raw bytes
    std::string label = "key";         // CKA_LABEL
    std::string token = {};            // label of the token; empty: the first one
    bool public_object = true;         // also store the public key
    bool always_authenticate = false;  // CKA_ALWAYS_AUTHENTICATE of the private key
    bool extractable = false;          // CKA_EXTRACTABLE of the private key
    bool signs = true;                 // else an RSA key only decrypts, and an EC key only derives
  };

  // ObjectClass says which objects of an ID are meant.
  enum class ObjectClass { kAny, kCertificate, kPublicKey, kPrivateKey };

  SoftHsm() : SoftHsm(Options{}) {}
  // SoftHsm makes the directory and one token in it.
  explicit SoftHsm(Options options);

  // directory has everything of this SoftHSM; config_path is the file for SOFTHSM2_CONF.
  const std::string& directory() const noexcept { return directory_.path(); }
  const std::string& config_path() const noexcept { return config_path_; }
  // label, pin and so_pin are those of the first token.
  const std::string& label() const noexcept { return tokens_.front().label; }
  const std::string& pin() const noexcept { return tokens_.front().pin; }
  const std::string& so_pin() const noexcept { return tokens_.front().so_pin; }
  // module_path is SoftHSM's library: SIGNET_TESTING_SOFTHSM, or where Debian puts it.
  static std::string module_path();
  // environment is what a program needs to see these tokens.
  Environment environment() const { return {{"SOFTHSM2_CONF", config_path_}}; }
  // UseInThisProcess sets SOFTHSM2_CONF here. Call it before SoftHSM is first used in this process.
  void UseInThisProcess() const;

  // AddToken initialises a further token.
  void AddToken(const Options& options);

  // Generate makes a key in the token ("rsa:2048", "ec:P-256", "ed25519", "ed448") and returns its
  // SubjectPublicKeyInfo, for TestPki::Certify.
  std::vector<std::uint8_t> Generate(std::string_view key, const ObjectOptions& options);
  // Import puts a private key and its certificate into the token; the issuers stay outside.
  void Import(const TestIdentity& identity, const ObjectOptions& options);
  // ImportKey puts the private key alone, ImportCertificate a certificate alone.
  void ImportKey(const TestIdentity& identity, const ObjectOptions& options);
  void ImportCertificate(const Certificate& certificate, const ObjectOptions& options);
  // Remove destroys the objects with this ID (and label, where it is not empty), and returns how many there
  // were.
  std::size_t Remove(const ObjectOptions& options, ObjectClass object_class = ObjectClass::kAny);

  // TokenUri names the token, ObjectUri the objects with this ID; with the PIN if `with_pin`.
  std::string TokenUri(bool with_pin = false, std::string_view token = {}) const;
  std::string ObjectUri(std::string_view id, bool with_pin = false, std::string_view token = {}) const;

 private:
  const Options& Token(std::string_view label) const;

  TemporaryDirectory directory_;
  std::string config_path_;
  std::vector<Options> tokens_;
};

}  // namespace signet::testing
