#include "botan/credentials_manager.h"

#include "botan/requests.h"
#include "botan/stack_schemes.h"

#include <algorithm>

#include <fmt/format.h>

namespace signet::botan {
namespace {

using Role = CertificateRequest::Role;

Options Completed(Options options) {
  if (options.policy == nullptr) options.policy = std::make_shared<Botan::TLS::Policy>();
  if (options.selection.stack.empty()) options.selection.stack = "Botan";
  return options;
}

std::optional<Role> RoleOf(const std::string& type) {
  if (type == "tls-client") return Role::kClient;
  if (type == "tls-server") return Role::kServer;
  return std::nullopt;
}

// ConvertedChain throws Error kUnsupported for a certificate that Botan cannot read.
Chain ConvertedChain(const CertificateChain& chain) {
  Chain converted;
  for (const Certificate& certificate : chain.certificates()) {
    try {
      converted.emplace_back(certificate.der().data(), certificate.der().size());
    } catch (const std::exception& exception) {
      throw Error({.code = ErrorCode::kUnsupported,
                   .detail = fmt::format("Botan cannot read the certificate of {}: {}", certificate.subject(),
                                         exception.what()),
                   .call = "Botan::X509_Certificate"});
    }
  }
  return converted;
}

std::string Joined(const std::vector<Reason>& reasons) {
  std::string text;
  for (const Reason& reason : reasons) text += (text.empty() ? "" : "; ") + reason.text;
  return text;
}

}  // namespace

std::shared_ptr<CredentialsManager> CredentialsManager::Make(
    IdentitySet identities, std::shared_ptr<Botan::Credentials_Manager> inner, Options options) {
  return std::make_shared<Manager>(identities, std::move(inner), std::move(options));
}

std::unique_ptr<Botan::Certificate_Store> MakeCertificateStore(const std::vector<Identity>& identities) {
  auto store = std::make_unique<Botan::Certificate_Store_In_Memory>();
  for (const Identity& identity : identities) {
    for (const Botan::X509_Certificate& certificate : ConvertedChain(identity.chain())) {
      store->add_certificate(certificate);
    }
  }
  return store;
}

std::string Decision::Explain() const {
  std::string text;
  for (const Choice::Considered& considered : choice.considered()) {
    const std::string reasons = Joined(considered.chosen ? choice.warnings() : considered.reasons);
    text += fmt::format("{}: {}{}{}\n", considered.identity.uri(),
                        considered.chosen ? "chosen" : "not chosen", reasons.empty() ? "" : ", ", reasons);
  }
  for (const Unusable& identity : unusable) {
    text += fmt::format("{}: not chosen, {}\n", identity.identity.uri(), identity.reason);
  }
  return text;
}

Manager::Manager(const IdentitySet& identities, std::shared_ptr<Botan::Credentials_Manager> inner,
                 Options options)
    : ManagerBase(std::move(inner)), options_(Completed(std::move(options))) {
  std::vector<Identity> usable;
  for (const Identity& identity : identities.identities()) Convert(identity, usable);
  usable_ = IdentitySet(std::move(usable));
}

void Manager::Convert(const Identity& identity, std::vector<Identity>& usable) {
  std::string reason = WhyUnusable(*identity.key());
  if (reason.empty()) {
    try {
      Converted converted{.chain = ConvertedChain(identity.chain()),
                          .key = std::make_shared<PrivateKey>(identity.key())};
      converted_.insert_or_assign(identity.uri(), std::move(converted));
      usable.push_back(identity);
      return;
    } catch (const Error& error) {
      reason = error.detail();
    }
  }
  unusable_.push_back({.identity = identity, .reason = std::move(reason)});
}

void Manager::Inspect(const Botan::TLS::Handshake_Message& message) {
  const std::optional<PeerWish> wish = WishOf(message);
  if (!wish) return;
  CertificateRequest request = RequestOf(*wish);
  const std::scoped_lock lock(mutex_);
  expected_.insert_or_assign(std::this_thread::get_id(), std::move(request));
}

std::optional<Decision> Manager::last_decision() const {
  const std::scoped_lock lock(mutex_);
  return last_decision_;
}

std::optional<CertificateRequest> Manager::ExpectedRequest(const CertificateRequest& guessed) const {
  const std::scoped_lock lock(mutex_);
  const auto found = expected_.find(std::this_thread::get_id());
  if (found == expected_.end()) return std::nullopt;
  CertificateRequest request = found->second;
  const bool same_host = request.role == Role::kClient || request.host == guessed.host;
  if (request.role != guessed.role || request.authorities != guessed.authorities || !same_host)
    return std::nullopt;
  request.host = guessed.host;
  return request;
}

Decision Manager::Decide(const CertificateRequest& request, const std::vector<SignatureScheme>& stack) const {
  SelectionPolicy policy = options_.selection;
  policy.stack_schemes = stack;
  std::vector<Identity> candidates = usable_.identities();
  std::vector<Unusable> unusable = unusable_;
  const auto put_aside = [&](const std::string& uri, const std::string& reason) {
    const auto found = std::ranges::find(candidates, uri, &Identity::uri);
    unusable.push_back({.identity = *found, .reason = reason});
    candidates.erase(found);
  };
  // The selection goes by what key, peer and stack have in common; Botan then insists on its own favourite.
  // What cannot do that one is put aside, and the choice made again.
  while (stack.empty() && !candidates.empty()) {
    put_aside(candidates.front().uri(),
              "the program's Botan policy signs with no key of the types that the peer takes");
  }
  const TimePoint now = std::chrono::system_clock::now();
  for (;;) {
    const bool all = candidates.size() == usable_.identities().size();
    Choice choice = Select(request, all ? usable_ : IdentitySet(candidates), policy, now);
    const Identity* chosen = choice.identity();
    const std::string trouble = chosen != nullptr ? CheckPick(stack, request, *chosen->key()) : std::string();
    if (trouble.empty()) {
      const auto scheme = chosen != nullptr ? PickedScheme(stack, request, *chosen->key()) : std::nullopt;
      return {.choice = std::move(choice), .unusable = std::move(unusable), .scheme = scheme, .exact = false};
    }
    put_aside(std::string(chosen->uri()), trouble);
  }
}

std::optional<Chain> Manager::FindChain(const Strings& key_types, const Names& authorities,
                                        const std::string& type, const std::string& context) {
  const std::optional<Role> role = RoleOf(type);
  if (!role || (usable_.empty() && unusable_.empty())) return std::nullopt;
  const CertificateRequest guessed = GuessedRequest(*role, key_types, authorities, context, *options_.policy);
  const std::optional<CertificateRequest> expected = ExpectedRequest(guessed);
  const CertificateRequest& request = expected ? *expected : guessed;
  Decision decision = Decide(request, StackSchemes(*options_.policy, request.protocol_version, key_types));
  decision.exact = expected.has_value();
  const Identity* chosen = decision.choice.identity();
  Chain chain = chosen != nullptr ? converted_.at(chosen->uri()).chain : Chain();
  Keep(std::move(decision));
  return chain;
}

void Manager::Keep(Decision decision) {
  const std::scoped_lock lock(mutex_);
  // A Botan 2 server asks once for each type of key; what it gets for one is not undone by the next.
  const bool server = decision.choice.request().role == Role::kServer;
  if (server && !decision.choice && last_decision_ && last_decision_->choice) return;
  last_decision_ = std::move(decision);
}

std::shared_ptr<Botan::Private_Key> Manager::FindKey(const Botan::X509_Certificate& certificate,
                                                     const std::string&) {
  // A file and a token may hold the same certificate: the one that was chosen last signs.
  const std::optional<Decision> last = last_decision();
  if (last && last->choice) {
    const Converted& chosen = converted_.at(last->choice.identity()->uri());
    if (chosen.chain.front() == certificate) return chosen.key;
  }
  for (const auto& [uri, converted] : converted_) {
    if (converted.chain.front() == certificate) return converted.key;
  }
  return nullptr;
}

}  // namespace signet::botan
