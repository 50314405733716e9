#include "conformance/sources.h"

#include "base/percent_encoding.h"
#include "identity/hashes.h"
#include "identity/public_key.h"
#include "identity/signature_schemes.h"
#include "libp11/libp11_program.h"
#include "test_own_key.h"
#include <signet/error.h>
#include <signet/libp11_identity.h>
#include <signet/own_source.h>
#include <signet/testing/soft_hsm.h>
#include <signet/testing/wrapped_module.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include <p11-kit/pkcs11.h>

namespace signet::conformance {
namespace {

using testing::ModuleBehaviour;
using testing::SoftHsm;
using testing::TemporaryDirectory;
using testing::TestIdentity;
using testing::WrappedModule;

std::size_t IndexOf(const std::string& key) {
  const auto found = std::ranges::find(Keys(), key);
  if (found == Keys().end()) throw std::runtime_error("no such key: " + key);
  return static_cast<std::size_t>(found - Keys().begin());
}

// Pkcs12Place is one file for all identities.
class Pkcs12Place : public Place {
 public:
  explicit Pkcs12Place(const std::vector<TestIdentity>& identities)
      : path_(directory_.Write(
            "all.p12", testing::MakePkcs12(identities, {.password = pin(), .friendly_name = "user"}))) {}

  std::string Uri(bool with_pin) const override { return Finished("pkcs12:" + path_, with_pin); }
  std::string Uri(const std::string& key, bool with_pin) const override {
    const std::size_t index = IndexOf(key);
    const std::string name = index == 0 ? "user" : "user-" + std::to_string(index + 1);
    return Finished("pkcs12:" + path_ + ";friendly-name=" + name, with_pin);
  }
  Settings settings() const override { return {}; }
  std::string pin() const override { return "pass word"; }

 private:
  std::string Finished(const std::string& uri, bool with_pin) const {
    return with_pin ? WithQuery(uri, pin()) : uri;
  }

  TemporaryDirectory directory_;
  std::string path_;
};

// TokenPlace is a SoftHSM token.
class TokenPlace : public Place {
 public:
  explicit TokenPlace(const std::vector<TestIdentity>& identities)
      : issuer_(identities.front().issuers.front()) {
    for (std::size_t i = 0; i < identities.size(); ++i) {
      hsm_.Import(identities[i], {.id = Id(i), .label = Keys()[i]});
    }
    hsm_.ImportCertificate(issuer_, {.id = "\x7f", .label = "issuer"});
  }

  void Enter() override { hsm_.UseInThisProcess(); }

  std::string Uri(bool with_pin) const override { return hsm_.TokenUri(with_pin); }
  std::string Uri(const std::string& key, bool with_pin) const override {
    return hsm_.ObjectUri(Id(IndexOf(key)), with_pin);
  }
  Settings settings() const override { return With(SoftHsm::module_path()); }
  std::string pin() const override { return hsm_.pin(); }

 protected:
  static Settings With(const std::string& module) {
    Settings settings;
    settings.modules = {module};
    return settings;
  }
  static std::string Id(std::size_t index) { return {static_cast<char>(index + 1)}; }
  const SoftHsm& hsm() const { return hsm_; }
  const Certificate& issuer() const { return issuer_; }

 private:
  Certificate issuer_;
  SoftHsm hsm_;
};

// OddTokenPlace is the same behind a module that has faults of its own.
class OddTokenPlace : public TokenPlace {
 public:
  OddTokenPlace(const std::vector<TestIdentity>& identities, ModuleBehaviour behaviour)
      : TokenPlace(identities), module_(hsm(), WithContextPin(std::move(behaviour))) {}
  Settings settings() const override { return With(module_.path()); }

 private:
  ModuleBehaviour WithContextPin(ModuleBehaviour behaviour) const {
    behaviour.context_pin = pin();
    return behaviour;
  }

  WrappedModule module_;
};

// Libp11Place is a program that holds the token's objects through libp11.
class Libp11Place : public TokenPlace {
 public:
  using TokenPlace::TokenPlace;
  void Enter() override {
    TokenPlace::Enter();
    program_ = std::make_unique<testing::Libp11Program>(SoftHsm::module_path());
    program_->Login(pin());
  }
  void Leave() override { program_.reset(); }
  Identity Open(IdentitySource&, const std::string& key) const override {
    const auto id = static_cast<unsigned char>(IndexOf(key) + 1);
    return FromLibp11(program_->Cert(id), program_->Key(id), {issuer()}, program_->token());
  }

 private:
  std::unique_ptr<testing::Libp11Program> program_;
};

// OwnKeyPlace is a program whose own keys are of class `Key`, and whose own source lists them.
template <class Key>
class OwnKeyPlace : public Place {
 public:
  explicit OwnKeyPlace(const std::vector<TestIdentity>& identities)
      : listed_(std::make_shared<Listed>(identities)) {}

  std::string Uri(bool) const override { return "own:"; }
  std::string Uri(const std::string& key, bool) const override { return UriOf(key); }
  Settings settings() const override { return {}; }
  std::string pin() const override { return "none"; }
  IdentitySource MakeSource(std::shared_ptr<PinPrompt> prompt) const override {
    IdentitySource source = Place::MakeSource(std::move(prompt));
    source.Register("own", listed_);
    return source;
  }

 private:
  static std::string UriOf(const std::string& key) { return "own:name=" + PercentEncode(key); }

  struct Listed final : OwnSource {
    explicit Listed(const std::vector<TestIdentity>& identities) : originals(identities) {}
    Listing List(std::string_view uri) override {
      const std::string_view wanted = uri.substr(0, uri.find('?'));
      Listing listing;
      for (std::size_t i = 0; i < originals.size(); ++i) {
        const TestIdentity& one = originals[i];
        const std::string own = UriOf(Keys()[i]);
        if (wanted != "own:" && wanted != own) continue;
        listing.identities.push_back(Identity::Make(CertificateChain(one.certificate, one.issuers),
                                                    MakeKey(std::make_shared<Key>(one)),
                                                    Identity::Source::kApplication, own));
      }
      return listing;
    }
    const std::vector<TestIdentity> originals;
  };

  const std::shared_ptr<Listed> listed_;
};

SourceCase Odd(std::string name, ModuleBehaviour behaviour) {
  return {.name = std::move(name),
          .source = Identity::Source::kPkcs11,
          .in_hardware = true,
          .wrong_pin = ErrorCode::kWrongPin,
          .make = [behaviour = std::move(behaviour)](const std::vector<TestIdentity>& identities) {
            return std::make_unique<OddTokenPlace>(identities, behaviour);
          }};
}

template <class T>
std::unique_ptr<Place> Make(const std::vector<TestIdentity>& identities) {
  return std::make_unique<T>(identities);
}

}  // namespace

const std::vector<std::string>& Keys() {
  static const std::vector<std::string> keys{"rsa:2048", "rsa-pss:2048", "ec:P-256", "ec:P-384",
                                             "ec:P-521", "ed25519",      "ed448"};
  return keys;
}

const std::vector<SourceCase>& Sources() {
  using enum Identity::Source;
  static const std::vector<SourceCase> sources{
      {"Pkcs12File", kPkcs12, false, ErrorCode::kWrongPassword, Make<Pkcs12Place>},
      {"SoftHsmToken", kPkcs11, true, ErrorCode::kWrongPin, Make<TokenPlace>},
      Odd("TokenWithOneSession", {.max_sessions = 1}),
      Odd("TokenWithHiddenSessionLimit", {.max_sessions = 2, .hide_session_limit = true}),
      Odd("TokenWithoutPublicKeyObjects", {.hide_public_keys = true}),
      Odd("TokenWithoutPss", {.hidden_mechanisms = {CKM_RSA_PKCS_PSS, CKM_SHA256_RSA_PKCS_PSS,
                                                    CKM_SHA384_RSA_PKCS_PSS, CKM_SHA512_RSA_PKCS_PSS}}),
      Odd("TokenThatGivesOneAttributeAtATime", {.single_attributes = true, .find_at_most = 1}),
      Odd("TokenThatSaysNothingOfItself",
          {.unavailable_information = true, .label = ModuleBehaviour::Label::kNulFilled}),
      Odd("TokenThatAsksAtEverySignature",
          {.always_authenticate = ModuleBehaviour::AlwaysAuthenticate::kEnforced}),
      Odd("TokenThatForgetsAfterFork", {.strict_fork = true}),
      {"Libp11Objects",
       kApplication,
       true,
       ErrorCode::kWrongPin,
       Make<Libp11Place>,
       /*has_uris=*/false,
       // Debian's libp11 knows no Edwards keys; one of them on the token hides all others from it.
       {"rsa:2048", "rsa-pss:2048", "ec:P-256", "ec:P-384", "ec:P-521"}},
      {.name = "OwnSource",
       .source = kApplication,
       .in_hardware = true,
       .wrong_pin = ErrorCode::kWrongPin,
       .make = Make<OwnKeyPlace<WholeOwnKey>>,
       .has_pins = false},
      {.name = "OwnKeyOfThreeFunctions",
       .source = kApplication,
       .in_hardware = true,
       .wrong_pin = ErrorCode::kWrongPin,
       .make = Make<OwnKeyPlace<TestOwnKey>>,
       .has_pins = false,
       .signs_digests = false},
  };
  return sources;
}

std::vector<SourceCase> SourcesWithUris() {
  std::vector<SourceCase> sources = Sources();
  std::erase_if(sources, [](const SourceCase& row) { return !row.has_uris; });
  return sources;
}

std::vector<SourceCase> SourcesWithPins() {
  std::vector<SourceCase> sources = SourcesWithUris();
  std::erase_if(sources, [](const SourceCase& row) { return !row.has_pins; });
  return sources;
}

std::vector<SourceCase> SourcesOfDigests() {
  std::vector<SourceCase> sources = Sources();
  std::erase_if(sources, [](const SourceCase& row) { return !row.signs_digests; });
  return sources;
}

std::string WithQuery(const std::string& uri, const std::string& pin) {
  return uri + "?pin-value=" + PercentEncode(pin);
}

ErrorCode CodeOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::kInternal;
}

bool Verifies(const Identity& identity, SignatureScheme scheme) {
  const std::string_view text = "what both sides know";
  const std::vector<std::uint8_t> message(text.begin(), text.end());
  const SigningAlgorithm& algorithm = RowOf(scheme).algorithm;
  const auto signature = identity.key()->SignMessage(scheme, message);
  const auto input = algorithm.hash == Hash::kNone ? message : Digest(algorithm.hash, message);
  return PublicKey::FromSpki(identity.leaf().subject_public_key_info()).Verify(algorithm, input, signature);
}

Filled::Filled(const SourceCase& row) : keys(row.keys) {
  for (const std::string& key : keys) originals.push_back(pki.Issue({.key = key, .common_name = key}));
  place = row.make(originals);
}

namespace {

Filled& FilledOf(const SourceCase& row) {
  static std::map<std::string, Filled> places;
  return places.try_emplace(row.name, row).first->second;
}

}  // namespace

FilledPlace::FilledPlace(const SourceCase& row) : filled_(FilledOf(row)) {
  filled_.place->Enter();
  source_ = std::make_unique<IdentitySource>(place().MakeSource());
}

FilledPlace::~FilledPlace() {
  source_.reset();
  filled_.place->Leave();
}

const TestIdentity& FilledPlace::Original(const std::string& key) const {
  return filled_.originals[IndexOf(key)];
}

}  // namespace signet::conformance
