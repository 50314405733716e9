#include "pkcs12/pkcs12_source.h"

#include "base/file.h"
#include "base/openssl_error.h"
#include "pkcs12/container.h"
#include "pkcs12/pairing.h"
#include "pkcs12/uri.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <openssl/crypto.h>

namespace signet {
namespace {

// FileBytes are wiped when they die: a file may hold its key unencrypted.
struct FileBytes {
  std::vector<std::uint8_t> bytes;
  explicit FileBytes(std::vector<std::uint8_t> read) : bytes(std::move(read)) {}
  ~FileBytes() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;
};

// OpenAsked asks a person, after it was seen that the file has a password.
Contents OpenAsked(const Pkcs12Uri& uri, const FileBytes& file, const Settings& settings, PinPrompt* prompt) {
  const PinRequest request{.kind = PinRequest::Kind::kPassword, .name = uri.path, .uri = uri.ToString()};
  const std::optional<Secret> asked = prompt != nullptr ? prompt->Ask(request) : std::nullopt;
  if (!asked) {
    throw Error({.code = ErrorCode::kPinNeeded,
                 .detail = "the file has a password and none was given",
                 .mend = "Add ?pin-source=file:PATH to the URI, or ?pin-value= for an empty password."});
  }
  return Container(file.bytes, settings.pkcs12_max_iterations).Open(PasswordForms(asked));
}

// ReadContents tries the password of the URI; where it has none, an absent password, and then what is asked
// for.
Contents ReadContents(const Pkcs12Uri& uri, const Settings& settings, PinPrompt* prompt) {
  const FileBytes file(ReadFile(uri.path, settings.pkcs12_max_file_size));
  Container container(file.bytes, settings.pkcs12_max_iterations);
  if (!container.protected_by_password()) return std::move(container).Open({});
  const std::optional<Secret> given = uri.password.Read();
  try {
    return std::move(container).Open(PasswordForms(given));
  } catch (const Error& error) {
    if (given || error.code() != ErrorCode::kWrongPassword) throw;
  }
  return OpenAsked(uri, file, settings, prompt);
}

// Loaded is a file read and paired, with the problems that concern the whole file.
struct Loaded {
  bool read = false;  // the rest means something
  Contents contents;
  std::vector<Pair> pairs;
  std::vector<Error> problems;
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

Loaded Load(const Pkcs12Uri& uri, const Settings& settings, PinPrompt* prompt) {
  Loaded loaded;
  try {
    loaded.contents = ReadContents(uri, settings, prompt);
    loaded.read = true;
    loaded.problems = loaded.contents.problems;
    const std::vector<Certificate> extra = ChainFile(settings, loaded.problems);
    loaded.pairs = PairUp(loaded.contents, extra);
  } catch (const Error& error) {
    loaded.problems.push_back(error);
  }
  return loaded;
}

Error NothingMatches(const std::string& path, const Loaded& loaded) {
  std::string there;
  for (const Pair& pair : loaded.pairs) {
    if (!pair.problem) there += fmt::format("\n  {}", UriFor(path, pair, loaded.pairs));
  }
  return Error({.code = ErrorCode::kNotFound,
                .detail = "the file holds no key and certificate that the URI's attributes name",
                .mend = there.empty() ? std::string() : fmt::format("It holds:{}", there)});
}

Error NoKey(const Contents& contents) {
  std::string detail = contents.certificates.empty()
                           ? "the file holds neither a private key nor a certificate that can be read"
                           : "the file holds no private key, only certificates";
  if (contents.sealed_for_others) detail += "; a part that is encrypted for a certificate was passed over";
  return Error({.code = ErrorCode::kCertificateOnly,
                .detail = std::move(detail),
                .mend = "Export the private key together with its certificate."});
}

// MayHideKeys tells whether a part that we cannot decrypt may hold the keys that were not seen.
bool MayHideKeys(const Loaded& loaded) {
  return std::ranges::any_of(loaded.problems,
                             [](const Error& error) { return error.code() == ErrorCode::kUnsupported; });
}

}  // namespace

Listing ListPkcs12(std::string_view text, const Settings& settings, PinPrompt* prompt) {
  const OpenSslErrorMark mark;
  const Pkcs12Uri uri = Pkcs12Uri::Parse(text);
  const std::string shown = uri.ToString();
  const Loaded loaded = Load(uri, settings, prompt);
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
      listing.identities.push_back(Identity::Proven(*pair.chain, pair.key, Identity::Source::kPkcs12,
                                                    UriFor(uri.path, pair, loaded.pairs)));
    }
  }
  if (!matched && !loaded.pairs.empty()) report(NothingMatches(uri.path, loaded));
  return listing;
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

}  // namespace signet
