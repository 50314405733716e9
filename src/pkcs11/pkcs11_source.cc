#include "pkcs11/pkcs11_source.h"

#include "base/file.h"
#include "pkcs11/objects/token_lister.h"
#include "pkcs11/objects/token_reader.h"
#include "pkcs11/token/token_directory.h"

#include <algorithm>

#include <fmt/format.h>

namespace signet::inline pkcs11 {
namespace {

constexpr std::uint64_t kMaxChainFile = 1 << 20;

Wanted Narrowed(Wanted wanted, const Pkcs11Uri& uri) {
  if (!uri.object_class()) return wanted;
  unsigned kind = 0;
  if (*uri.object_class() == CKO_PRIVATE_KEY) kind = kWantPrivateKeys;
  if (*uri.object_class() == CKO_PUBLIC_KEY) kind = kWantPublicKeys;
  if (*uri.object_class() == CKO_CERTIFICATE) kind = kWantCertificates;
  return static_cast<Wanted>(wanted & kind);
}

Error NoToken(const Pkcs11Uri& uri) {
  return Error({.code = uri.names_token() ? ErrorCode::kTokenAbsent : ErrorCode::kNotFound,
                .detail = uri.names_token() ? "there is no token with this label or serial number"
                                            : "no token matches the URI",
                .uri = uri.shown(),
                .hint = "Insert the token, or run `signet list` to see the available tokens."});
}

Error NothingThere(const Pkcs11Uri& uri, bool hidden) {
  return Error({.code = ErrorCode::kNotFound,
                .detail = hidden ? "no object that is visible without the PIN matches"
                                 : "no object on the token matches",
                .uri = uri.shown(),
                .hint = hidden
                            ? "Give the PIN (pin-source), or run `signet list` to see the available objects."
                            : "Run `signet list` to see the available objects."});
}

using Tokens = std::vector<std::shared_ptr<Token>>;

// AreTwins tells whether all show the same label and serial number, in several slots of a module.
bool AreTwins(const Tokens& tokens) {
  return std::ranges::all_of(tokens, [&](const auto& token) {
    return token->name().slot && SameToken(token->info(), tokens.front()->info());
  });
}

Error PinFitsSeveral(const Pkcs11Uri& uri, const Tokens& tokens) {
  std::string labels;
  for (const auto& token : tokens) {
    labels += fmt::format("{}{} (serial {}{})", labels.empty() ? "" : ", ", token->label(),
                          TextOf(token->info().serialNumber),
                          token->name().slot ? fmt::format(", slot-id {}", *token->name().slot) : "");
  }
  return Error(
      {.code = ErrorCode::kAmbiguous,
       .detail = fmt::format("the PIN was not sent, because {} tokens match: {}", tokens.size(), labels),
       .uri = uri.shown(),
       .hint = AreTwins(tokens) ? "Name the slot: slot-id=..."
                                : "Name the token by label or serial number: token=...;serial=..."});
}

}  // namespace

class Pkcs11Source::State {
 public:
  explicit State(Settings settings)
      : settings_(std::move(settings)), directory_(std::make_shared<TokenDirectory>(settings_)) {}

  // OpenModules looks for every token, and finds each problem again when it is in the way.
  void OpenModules() { directory_->Find(Pkcs11Uri::Parse("pkcs11:"), true); }
  Listing List(const Pkcs11Uri& uri, const std::shared_ptr<PinPrompt>& prompt);
  StoredObjects Load(const Pkcs11Uri& uri, Wanted wanted, const std::shared_ptr<PinPrompt>& prompt);

 private:
  // PinPlan says which of several tokens a PIN is for: the only one that wants a login, or of slots that show
  // the same token the one whose public objects the URI matches.
  struct PinPlan {
    std::shared_ptr<Token> holder;  // null: none
    std::optional<Error> several;   // kAmbiguous, where none is the holder as several might be
  };
  // PlanPin: a URI that names one token and brings its PIN says itself which token the PIN is for.
  PinPlan PlanPin(const Tokens& tokens, const Pkcs11Uri& uri) const;
  std::shared_ptr<const Credentials> CredentialsFor(const Pkcs11Uri& uri,
                                                    const std::shared_ptr<PinPrompt>& prompt,
                                                    const Token& token, const PinPlan& plan) const;
  bool ShowsPublicly(const std::shared_ptr<Token>& token, const Pkcs11Uri& uri) const;
  std::vector<Certificate> ChainFile() const;
  StoredObjects Guarded(const std::shared_ptr<Token>& token,
                        const std::shared_ptr<const Credentials>& credentials, const Pkcs11Uri& uri,
                        Wanted wanted, const std::vector<Certificate>& chain_file);
  void LoadFromToken(const std::shared_ptr<Token>& token,
                     const std::shared_ptr<const Credentials>& credentials, const Pkcs11Uri& uri,
                     Wanted wanted, const std::vector<Certificate>& chain_file, StoredObjects& result);
  Tokens WorthALogin(const Tokens& tokens, const Pkcs11Uri& uri) const;
  TokenDirectory::Found Find(const Pkcs11Uri& uri, bool again) const;

  const Settings settings_;
  const std::shared_ptr<TokenDirectory> directory_;
};

Pkcs11Source::State::PinPlan Pkcs11Source::State::PlanPin(const Tokens& tokens, const Pkcs11Uri& uri) const {
  if (uri.pin().empty() && settings_.token_pin.empty()) return {};
  if (tokens.size() == 1 && !uri.pin().empty()) return {.holder = tokens.front()};
  Tokens wanting;
  std::ranges::copy_if(tokens, std::back_inserter(wanting),
                       [](const auto& token) { return token->wants_login(); });
  if (wanting.size() < 2) return {.holder = wanting.empty() ? nullptr : wanting.front()};
  Tokens showing;
  if (AreTwins(wanting) && (uri.id() || uri.object())) {
    std::ranges::copy_if(wanting, std::back_inserter(showing),
                         [&](const auto& token) { return ShowsPublicly(token, uri); });
  }
  if (showing.size() == 1) return {.holder = showing.front()};
  return {.several = PinFitsSeveral(uri, wanting)};
}

std::shared_ptr<const Credentials> Pkcs11Source::State::CredentialsFor(
    const Pkcs11Uri& uri, const std::shared_ptr<PinPrompt>& prompt, const Token& token,
    const PinPlan& plan) const {
  auto credentials = std::make_shared<Credentials>();
  if (plan.holder.get() == &token) {
    credentials->pin_is_configured = uri.pin().empty();
    credentials->pin = credentials->pin_is_configured ? settings_.token_pin : uri.pin();
  }
  credentials->pin_withheld = plan.several.has_value();
  credentials->prompt = prompt;
  credentials->uri = uri.shown();
  credentials->behavior = settings_.login_behavior;
  credentials->allow_final_try = settings_.allow_final_try;
  credentials->pass_phrase_on_low_count = settings_.pass_phrase_is_pin == Settings::PassPhraseIsPin::kAlways;
  return credentials;
}

std::vector<Certificate> Pkcs11Source::State::ChainFile() const {
  if (settings_.chain_file.empty()) return {};
  const auto bytes = ReadFile(settings_.chain_file, kMaxChainFile);
  return Certificate::FromPem({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

Listing Pkcs11Source::State::List(const Pkcs11Uri& uri, const std::shared_ptr<PinPrompt>& prompt) {
  Listing listing;
  const auto problem = [&](const Error& error) {
    listing.problems.push_back({uri.shown(), error.WithUri(uri.shown())});
  };
  std::vector<Certificate> chain_file;
  try {
    chain_file = ChainFile();
  } catch (const Error& error) {
    problem(error);
  }
  // A list is worth a look at what is plugged in now.
  TokenDirectory::Found found = directory_->Find(uri, true);
  bool hidden = false;
  try {
    const PinPlan plan = PlanPin(found.tokens, uri);
    if (plan.several && !uri.pin().empty()) throw Error(*plan.several);
    if (plan.several) problem(*plan.several);
    for (const auto& token : found.tokens) {
      const auto credentials = CredentialsFor(uri, prompt, *token, plan);
      try {
        Listing more = directory_->guard().Run(
            [token, credentials, uri, chain_file] { return ListFrom(token, credentials, uri, chain_file); });
        std::ranges::move(more.identities, std::back_inserter(listing.identities));
        std::ranges::move(more.problems, std::back_inserter(listing.problems));
        hidden |= token->LoginIsDue();
      } catch (const Error& error) {
        problem(error);
      }
    }
  } catch (const Error& error) {
    problem(error);
  }
  if (listing.identities.empty() && listing.problems.empty() && !found.tokens.empty())
    problem(NothingThere(uri, hidden));
  for (const Error& error : found.problems) problem(error);
  if (listing.identities.empty() && listing.problems.empty()) problem(NoToken(uri));
  return listing;
}

bool Pkcs11Source::State::ShowsPublicly(const std::shared_ptr<Token>& token, const Pkcs11Uri& uri) const {
  const ObjectTemplate wanted{.id = uri.id(), .label = uri.object()};
  const auto handles = directory_->guard().Run([token, wanted] {
    return token->Use({}, [&](Token::Lease& lease) { return FindHandles(lease, wanted); });
  });
  return !handles.empty();
}

// WorthALogin keeps, of several tokens, those on which something that the URI names can be seen without
// login, if there are such: there should be no prompt for the PINs of the others.
Tokens Pkcs11Source::State::WorthALogin(const Tokens& tokens, const Pkcs11Uri& uri) const {
  if (tokens.size() < 2 || (!uri.id() && !uri.object())) return tokens;
  Tokens worth;
  for (const auto& token : tokens) {
    try {
      if (ShowsPublicly(token, uri)) worth.push_back(token);
    } catch (const Error&) {
      worth.push_back(token);  // Its trouble is told when it is loaded from.
    }
  }
  return worth.empty() ? tokens : worth;
}

// Find takes tokens that were found before, but where a PIN would go out, which the token is asked: another
// token with this name may have been put in since.
TokenDirectory::Found Pkcs11Source::State::Find(const Pkcs11Uri& uri, bool again) const {
  TokenDirectory::Found found = directory_->Find(uri, again);
  const bool brings_pin = !uri.pin().empty() || !settings_.token_pin.empty();
  if (!found.remembered || !brings_pin) return found;
  const bool login_due = directory_->guard().Run([tokens = found.tokens] {
    return std::ranges::any_of(tokens, [](const auto& token) { return token->AskWhetherLoginIsDue(); });
  });
  return login_due ? directory_->Find(uri, true) : found;
}

StoredObjects Pkcs11Source::State::Guarded(const std::shared_ptr<Token>& token,
                                           const std::shared_ptr<const Credentials>& credentials,
                                           const Pkcs11Uri& uri, Wanted wanted,
                                           const std::vector<Certificate>& chain_file) {
  return directory_->guard().Run([token, credentials, uri, wanted, chain_file] {
    return LoadFrom(token, credentials, uri, wanted, chain_file);
  });
}

void Pkcs11Source::State::LoadFromToken(const std::shared_ptr<Token>& token,
                                        const std::shared_ptr<const Credentials>& credentials,
                                        const Pkcs11Uri& uri, Wanted wanted,
                                        const std::vector<Certificate>& chain_file, StoredObjects& result) {
  const auto append = [&result](StoredObjects more) {
    std::ranges::move(more.private_keys, std::back_inserter(result.private_keys));
    std::ranges::move(more.public_keys, std::back_inserter(result.public_keys));
    std::ranges::move(more.certificates, std::back_inserter(result.certificates));
    std::ranges::move(more.problems, std::back_inserter(result.problems));
  };
  try {
    append(Guarded(token, credentials, uri, wanted, chain_file));
    return;
  } catch (const Error& error) {
    result.problems.push_back({uri.shown(), error.WithUri(uri.shown())});
    if (error.code() == ErrorCode::kTokenAbsent || error.code() == ErrorCode::kTimeout) return;
  }
  // Objects without login are visible anyway.
  const auto rest = static_cast<Wanted>(wanted & ~static_cast<unsigned>(kWantPrivateKeys));
  if (rest == 0 || (wanted & kWantPrivateKeys) == 0) return;
  auto without_login = std::make_shared<Credentials>(*credentials);
  without_login->behavior = Settings::LoginBehavior::kNever;
  try {
    append(Guarded(token, without_login, uri, rest, chain_file));
  } catch (const Error&) {
    return;  // The same trouble once more, told above.
  }
}

StoredObjects Pkcs11Source::State::Load(const Pkcs11Uri& uri, Wanted wanted,
                                        const std::shared_ptr<PinPrompt>& prompt) {
  wanted = Narrowed(wanted, uri);
  StoredObjects result;
  std::vector<Certificate> chain_file;
  std::vector<Problem> chain_problem;
  try {
    if ((wanted & kWantCertificates) != 0) chain_file = ChainFile();
  } catch (const Error& error) {
    chain_problem.push_back({uri.shown(), error.WithUri(uri.shown())});
  }
  for (bool again = false;; again = true) {
    const TokenDirectory::Found found = Find(uri, again);
    const PinPlan plan = PlanPin(found.tokens, uri);
    if (plan.several && !uri.pin().empty()) throw Error(*plan.several);
    const bool keys = (wanted & kWantPrivateKeys) != 0;
    for (const auto& token : keys ? WorthALogin(found.tokens, uri) : found.tokens) {
      LoadFromToken(token, CredentialsFor(uri, prompt, *token, plan), uri, wanted, chain_file, result);
    }
    const bool nothing =
        result.private_keys.empty() && result.public_keys.empty() && result.certificates.empty();
    // Not found in any slot; what a module answered to a login or an operation is not tried again here.
    const bool only_absent = std::ranges::all_of(result.problems, [](const Problem& one) {
      return one.error.code() == ErrorCode::kTokenAbsent && RvOf(one.error) == CKR_OK;
    });
    if (nothing && only_absent && found.remembered && !again) {
      result = {};  // Another token with this label may have been put in meanwhile.
      continue;
    }
    if (nothing && result.problems.empty() && !found.tokens.empty()) {
      result.problems.push_back({uri.shown(), NothingThere(uri, false)});
    }
    for (const Error& error : found.problems)
      result.problems.push_back({uri.shown(), error.WithUri(uri.shown())});
    if (nothing && result.problems.empty()) result.problems.push_back({uri.shown(), NoToken(uri)});
    std::ranges::move(chain_problem, std::back_inserter(result.problems));
    return result;
  }
}

Pkcs11Source::Pkcs11Source(Settings settings) : state_(std::make_shared<State>(std::move(settings))) {}
Pkcs11Source::~Pkcs11Source() = default;

Listing Pkcs11Source::List(std::string_view uri, const std::shared_ptr<PinPrompt>& prompt) {
  return state_->List(Pkcs11Uri::Parse(uri), prompt);
}

void Pkcs11Source::OpenModules() { state_->OpenModules(); }

StoredObjects Pkcs11Source::Load(std::string_view uri, Wanted wanted,
                                 const std::shared_ptr<PinPrompt>& prompt) {
  return state_->Load(Pkcs11Uri::Parse(uri), wanted, prompt);
}

}  // namespace signet::inline pkcs11
