#include "pkcs12/pkcs12_source.h"

#include "base/file.h"
#include "base/openssl_error.h"
#include "identity/cut_chain.h"
#include "pkcs12/armour.h"
#include "pkcs12/container.h"
#include "pkcs12/pairing.h"
#include "pkcs12/uri.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace signet::inline pkcs12 {
namespace {

// Ask asks a person for the password of the file.
std::vector<Password> Ask(const Pkcs12Uri& uri, PinPrompt* prompt) {
  const PinRequest request{.kind = PinRequest::Kind::kPassword, .name = uri.path, .uri = uri.ToString()};
  const std::optional<Secret> asked = prompt != nullptr ? prompt->Ask(request) : std::nullopt;
  if (!asked) {
    throw Error({.code = ErrorCode::kPinNeeded,
                 .detail = "the file has a password, but none was given",
                 .hint = "Add ?pin-source=file:PATH to the URI, or ?pin-value= for an empty password."});
  }
  return PasswordForms(asked);
}

// Open tries the password of the URI; where it has none, an absent and an empty one, and then what is asked
// for. It decrypts only the keys that the URI names by their attributes, where these tell.
Contents Open(Container& container, const Pkcs12Uri& uri, PinPrompt* prompt) {
  ChooseKeys choose;
  if (uri.friendly_name || uri.local_key_id || uri.sha256)
    choose = [&](const Bags& bags) { return KeysNamedBy(uri, bags); };
  if (!container.protected_by_password()) return container.Open({}, {}, choose);
  const std::optional<Secret> given = uri.password.Read();
  AskForms ask;
  if (!given) ask = [&] { return Ask(uri, prompt); };
  return container.Open(PasswordForms(given), std::move(ask), choose);
}

// Loaded is a file read and paired, with the problems that concern the whole file.
struct Loaded {
  bool read = false;  // the rest means something
  Contents contents;
  std::vector<Pair> pairs;
  std::vector<Pair> locked;  // keys that the URI does not name, not decrypted
  std::vector<Error> problems;

  // UriOf gives the shortest URI of a pair, with the keys in mind that stayed locked.
  std::string UriOf(const std::string& path, const Pair& pair) const {
    std::vector<Pair> all = pairs;
    all.insert(all.end(), locked.begin(), locked.end());
    return UriFor(path, pair, all);
  }
};

std::vector<Certificate> ChainFile(const Settings& settings, std::vector<Error>& problems) {
  if (settings.chain_file.empty()) return {};
  try {
    const std::vector<std::uint8_t> pem = ReadFile(settings.chain_file, settings.pkcs12_max_file_size);
    return Certificate::FromPem({reinterpret_cast<const char*>(pem.data()), pem.size()});
  } catch (const Error& error) {
    problems.push_back(error.WithUri(settings.chain_file));
    return {};
  }
}

// Found tells whether `uri` names only identities among the pairs.
bool Found(const Pkcs12Uri& uri, const std::vector<Pair>& pairs) {
  bool found = false;
  for (const Pair& pair : pairs) {
    if (!Matches(uri, pair)) continue;
    if (pair.problem) return false;
    found = true;
  }
  return found;
}

// Load reads `given`, or the file of the URI where nothing is given.
Loaded Load(const Pkcs12Uri& uri, const Settings& settings, PinPrompt* prompt, Bytes given = {}) {
  Loaded loaded;
  try {
    const WipedBytes file(given.empty() ? ReadFile(uri.path, settings.pkcs12_max_file_size)
                                        : std::vector<std::uint8_t>());
    const Bytes outside = given.empty() ? file.bytes() : given;
    const WipedBytes inside = Unarmoured(outside);
    Container container(inside.empty() ? outside : inside.bytes(),
                        {settings.pkcs12_max_iterations, settings.pkcs12_max_total_iterations});
    loaded.contents = Open(container, uri, prompt);
    loaded.read = true;
    const std::vector<Certificate> extra = ChainFile(settings, loaded.problems);
    loaded.pairs = PairUp(loaded.contents, extra);
    if (!loaded.contents.locked.empty() && !Found(uri, loaded.pairs)) {
      // Attributes may lie, and the certificates of all keys tell why one has none.
      container.Unlock(loaded.contents);
      loaded.pairs = PairUp(loaded.contents, extra);
    }
    loaded.locked = Locked(loaded.contents);
    loaded.problems.insert(loaded.problems.begin(), loaded.contents.problems.begin(),
                           loaded.contents.problems.end());
  } catch (const Error& error) {
    loaded.read = false;
    loaded.pairs.clear();
    loaded.problems.push_back(error);
  }
  return loaded;
}

Error NothingMatches(const std::string& path, const Loaded& loaded) {
  std::string there;
  for (const Pair& pair : loaded.pairs) {
    if (!pair.problem) there += fmt::format("\n  {}", loaded.UriOf(path, pair));
  }
  return Error({.code = ErrorCode::kNotFound,
                .detail = "no key and certificate in the file match the URI's attributes",
                .hint = there.empty() ? std::string() : fmt::format("It holds:{}", there)});
}

Error NoKey(const Contents& contents) {
  std::string detail = contents.certificates.empty()
                           ? "the file contains neither a readable private key nor a readable certificate"
                           : "the file contains no private key, only certificates";
  if (contents.sealed_for_others) detail += "; a part that is encrypted for a certificate was ignored";
  return Error({.code = ErrorCode::kCertificateOnly,
                .detail = std::move(detail),
                .hint = "Export the private key together with its certificate."});
}

// MayHideKeys tells whether a part that we cannot decrypt may hold the keys that were not seen.
bool MayHideKeys(const Loaded& loaded) {
  return std::ranges::any_of(loaded.problems,
                             [](const Error& error) { return error.code() == ErrorCode::kUnsupported; });
}

// ListingOf has no URI where the file has no path.
Listing ListingOf(const Pkcs12Uri& uri, const Loaded& loaded) {
  const bool named = !uri.path.empty();
  const std::string shown = named ? uri.ToString() : std::string();
  Listing listing;
  const auto report = [&](const Error& error) { listing.problems.push_back({shown, error.WithUri(shown)}); };
  for (const Error& error : loaded.problems) report(error);
  if (loaded.read && loaded.contents.keys_seen == 0 && !MayHideKeys(loaded)) report(NoKey(loaded.contents));
  bool matched = false;
  for (const Pair& pair : loaded.pairs) {
    if (!Matches(uri, pair)) continue;
    matched = true;
    if (pair.problem) {
      report(*pair.problem);
    } else {
      listing.identities.push_back(Identity::Make(*pair.chain, pair.key, Identity::Source::kPkcs12,
                                                  named ? loaded.UriOf(uri.path, pair) : std::string()));
      if (pair.chain->cut()) report(ChainTooLong(*pair.chain));
    }
  }
  if (!matched && !loaded.pairs.empty()) report(NothingMatches(uri.path, loaded));
  return listing;
}

}  // namespace

Listing ListPkcs12(std::string_view text, const Settings& settings, PinPrompt* prompt) {
  const OpenSslErrorMark mark;
  const Pkcs12Uri uri = Pkcs12Uri::Parse(text);
  return ListingOf(uri, Load(uri, settings, prompt));
}

Listing ListPkcs12Bytes(Bytes file, std::optional<Secret> password, const Settings& settings) {
  const OpenSslErrorMark mark;
  if (file.empty()) {
    throw Error({.code = ErrorCode::kMalformed,
                 .detail = "there are no bytes to read",
                 .hint = "Pass the whole content of the file."});
  }
  Pkcs12Uri uri;
  if (password) uri.password = PinSource::Value(std::move(*password));
  return ListingOf(uri, Load(uri, settings, nullptr, file));
}

StoredObjects LoadPkcs12(std::string_view text, Wanted wanted, const Settings& settings, PinPrompt* prompt) {
  const OpenSslErrorMark mark;
  const Pkcs12Uri uri = Pkcs12Uri::Parse(text);
  const std::string shown = uri.ToString();
  const Loaded loaded = Load(uri, settings, prompt);
  StoredObjects objects;
  for (const Error& error : loaded.problems) objects.problems.push_back({shown, error.WithUri(shown)});
  const auto add = [&](const Certificate& certificate) {
    if (std::ranges::find(objects.certificates, certificate) == objects.certificates.end())
      objects.certificates.push_back(certificate);
  };
  for (const Pair& pair : loaded.pairs) {
    if (!Matches(uri, pair)) continue;
    if ((wanted & kWantPrivateKeys) != 0) objects.private_keys.push_back(pair.key);
    if ((wanted & kWantPublicKeys) != 0) {
      objects.public_keys.push_back(PublicKey::FromSpki(pair.key->subject_public_key_info()));
    }
    if (pair.chain && (wanted & kWantCertificates) != 0)
      std::ranges::for_each(pair.chain->certificates(), add);
  }
  if ((wanted & kWantCertificates) == 0) return objects;
  // The rest of the file follows, one certificate for each bag: those of the chains were one bag each.
  std::vector<Certificate> given = objects.certificates;
  for (const StoredCertificate& stored : loaded.contents.certificates) {
    const bool named = (!uri.friendly_name || uri.friendly_name == stored.attributes.friendly_name) &&
                       (!uri.local_key_id || uri.local_key_id == stored.attributes.local_key_id) &&
                       (!uri.sha256 || *uri.sha256 == stored.certificate.sha256());
    if (!named) continue;
    const auto same = std::ranges::find(given, stored.certificate);
    if (same == given.end()) {
      objects.certificates.push_back(stored.certificate);
    } else {
      given.erase(same);
    }
  }
  return objects;
}

}  // namespace signet::inline pkcs12
