#pragma once

#include <signet/identity_source.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/test_pki.h>

#include <map>
#include <optional>
#include <string>

namespace signet::botan {

// Source is where a test's identity lives.
enum class Source { kPkcs12, kSoftHsm };

// Site is what the tests of one process share: a CA, a token, and an identity of each kind in a file and in
// the token. SoftHSM reads its configuration once in a process, so there is one token for all tests.
class Site {
 public:
  static Site& Get();

  const testing::TestPki& pki() const noexcept { return pki_; }
  const testing::TemporaryDirectory& directory() const noexcept { return directory_; }
  // trust_file holds the CA.
  const std::string& trust_file() const noexcept { return trust_file_; }

  // Open gives a client identity of common name `name` with a key of the kind, made at the first call.
  Identity Open(Source source, const std::string& key, const std::string& name = "alice");
  // Server gives a server's identity, and the PEM files of one.
  Identity Server(Source source, const std::string& key);
  struct Files {
    std::string certificate, key;
  };
  Files ServerFiles(const std::string& key);

 private:
  Site();
  const testing::TestIdentity& Made(const std::string& key, const std::string& name, bool server);
  Identity Put(Source source, const testing::TestIdentity& made);

  testing::TestPki pki_;
  testing::TemporaryDirectory directory_;
  testing::SoftHsm token_;
  std::string trust_file_;
  IdentitySource source_;
  std::map<std::string, testing::TestIdentity> made_;
  int objects_ = 0;
};

}  // namespace signet::botan
