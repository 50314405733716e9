#pragma once

#include <signet/identity_source.h>
#include <signet/testing/test_pki.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace signet::conformance {

// Keys are the kinds of key that a source is asked to hold, by their names in the testing kit.
const std::vector<std::string>& Keys();

// Place holds one identity for each of Keys, all from one CA and each named after its key, until it dies.
class Place {
 public:
  virtual ~Place() = default;
  // Enter makes it the one that this process uses, where a process can use only one; Leave undoes that, when
  // no identity of it is left.
  virtual void Enter() {}
  virtual void Leave() {}
  // Uri names all of them, or the one of a key; with the PIN or password where `with_pin`.
  virtual std::string Uri(bool with_pin) const = 0;
  virtual std::string Uri(const std::string& key, bool with_pin) const = 0;
  virtual Settings settings() const = 0;
  // pin is what opens it.
  virtual std::string pin() const = 0;
  // MakeSource makes an IdentitySource that knows the place.
  virtual IdentitySource MakeSource(std::shared_ptr<PinPrompt> prompt = nullptr) const {
    return IdentitySource(settings(), std::move(prompt));
  }
  // Open gives the identity of a key, by its URI unless the place has another way.
  virtual Identity Open(IdentitySource& source, const std::string& key) const {
    return source.Open(Uri(key, true));
  }
};

// SourceCase is one source of identities. To put a further one through the whole suite, give it a row in
// sources.cc.
struct SourceCase {
  std::string name;
  Identity::Source source;
  bool in_hardware;
  ErrorCode wrong_pin;
  std::function<std::unique_ptr<Place>(const std::vector<testing::TestIdentity>&)> make;
  bool has_uris = true;                    // false: a program brings the objects
  std::vector<std::string> keys = Keys();  // those that it can hold, in their order
  bool has_pins = true;
  bool signs_digests = true;  // false: its keys sign whole messages alone
};
const std::vector<SourceCase>& Sources();
// SourcesWithUris are those that IdentitySource opens, SourcesWithPins those among them that ask for one.
std::vector<SourceCase> SourcesWithUris();
std::vector<SourceCase> SourcesWithPins();
// SourcesOfDigests are those whose keys sign digests.
std::vector<SourceCase> SourcesOfDigests();
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
  std::vector<std::string> keys;
  std::vector<testing::TestIdentity> originals;  // one for each of `keys`
  std::unique_ptr<Place> place;
};

// FilledPlace is such a place, with an IdentitySource that is new in each test.
class FilledPlace {
 public:
  explicit FilledPlace(const SourceCase& row);
  ~FilledPlace();
  FilledPlace(const FilledPlace&) = delete;
  FilledPlace& operator=(const FilledPlace&) = delete;

  const testing::TestPki& pki() const { return filled_.pki; }
  const Place& place() const { return *filled_.place; }
  const testing::TestIdentity& Original(const std::string& key) const;
  // keys are those that the source can hold; Has tells whether `key` is one.
  const std::vector<std::string>& keys() const { return filled_.keys; }
  bool Has(const std::string& key) const { return std::ranges::find(keys(), key) != keys().end(); }
  Identity Open(const std::string& key) const { return place().Open(*source_, key); }
  IdentitySource& source() { return *source_; }
  void DropSource() { source_.reset(); }

 private:
  Filled& filled_;
  std::unique_ptr<IdentitySource> source_;
};

}  // namespace signet::conformance
