#pragma once

#include <signet/identity_source.h>
#include <signet/testing/test_pki.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace signet::conformance {

// Keys are the kinds of key that every source is asked to hold, by their names in the testing kit.
const std::vector<std::string>& Keys();

// Place holds one identity for each of Keys, all from one CA and each named after its key, until it dies.
class Place {
 public:
  virtual ~Place() = default;
  // Enter makes it the one that this process uses, where a process can use only one.
  virtual void Enter() const {}
  // Uri names all of them, or the one of a key; with the PIN or password where `with_pin`.
  virtual std::string Uri(bool with_pin) const = 0;
  virtual std::string Uri(const std::string& key, bool with_pin) const = 0;
  virtual Settings settings() const = 0;
  // pin is what opens it.
  virtual std::string pin() const = 0;
};

// SourceCase is one source of identities. To put a further one through the whole suite, give it a row in
// sources.cc.
struct SourceCase {
  std::string name;
  Identity::Source source;
  bool in_hardware;
  ErrorCode wrong_pin;
  std::function<std::unique_ptr<Place>(const std::vector<testing::TestIdentity>&)> make;
};
const std::vector<SourceCase>& Sources();
inline void PrintTo(const SourceCase& row, std::ostream* out) { *out << row.name; }

// WithQuery adds the PIN to a URI that has none.
std::string WithQuery(const std::string& uri, const std::string& pin);

// CodeOf gives the code of the Error that `work` throws; the test fails when it throws none.
ErrorCode CodeOf(const std::function<void()>& work);

// Verifies tells whether the identity's key signs with `scheme` what its certificate verifies.
bool Verifies(const Identity& identity, SignatureScheme scheme);

// Filled is a place with an identity for each key. One serves all tests of a source in this process.
struct Filled {
  explicit Filled(const SourceCase& row);

  testing::TestPki pki;
  std::vector<testing::TestIdentity> originals;
  std::unique_ptr<Place> place;
};

// FilledPlace is such a place, with an IdentitySource that is new in each test.
class FilledPlace {
 public:
  explicit FilledPlace(const SourceCase& row);

  const testing::TestPki& pki() const { return filled_.pki; }
  const Place& place() const { return *filled_.place; }
  const testing::TestIdentity& Original(const std::string& key) const;
  Identity Open(const std::string& key) const { return source_->Open(place().Uri(key, true)); }
  IdentitySource& source() { return *source_; }
  void DropSource() { source_.reset(); }

 private:
  const Filled& filled_;
  std::unique_ptr<IdentitySource> source_;
};

}  // namespace signet::conformance
