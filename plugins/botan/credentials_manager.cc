#include "botan/credentials_manager.h"

#include "botan/requests.h"
#include "botan/stack_schemes.h"

#include <algorithm>

#include <fmt/format.h>

namespace signet::botan {
namespace {

using Role = CertificateRequest::Role;

SelectionPolicy Completed(SelectionPolicy selection) {
  if (selection.stack.empty()) selection.stack = "Botan";
  return selection;
}

std::optional<Role> RoleOf(const std::string& type) {
  if (type == "tls-client") return Role::kClient;
  if (type == "tls-server") return Role::kServer;
  return std::nullopt;
}

// Parsed throws Error kUnsupported for a certificate that Botan cannot read, or cannot `check`.
template <class Check>
Botan::X509_Certificate Parsed(const Certificate& certificate, Check&& check) try {
  Botan::X509_Certificate parsed(certificate.der().data(), certificate.der().size());
  check(parsed);
  return parsed;
} catch (const Botan::Exception& exception) {
  throw Error({.code = ErrorCode::kUnsupported,
               .detail = fmt::format("Botan cannot read the certificate of {}: {}", certificate.subject(),
                                     exception.what()),
               .call = "Botan::X509_Certificate"});
}

// PresentedChain omits the root: a peer that trusts it has it (RFC 8446 section 4.4.2).
Chain PresentedChain(const CertificateChain& chain) {
  Chain presented;
  for (const Certificate& certificate : chain.certificates()) {
    if (certificate == chain.leaf() || !certificate.self_signed())
      presented.push_back(Parsed(certificate, CheckReadable));
  }
  return presented;
}

std::pair<std::string, ByteVector> LabelOf(const Identity& identity) {
  const auto der = identity.leaf().der();
  return {identity.uri(), ByteVector(der.begin(), der.end())};
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
    for (const Certificate& certificate : identity.chain().certificates()) {
      store->add_certificate(Parsed(certificate, [](const Botan::X509_Certificate&) {}));
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
    : ManagerBase(std::move(inner), std::move(options.policy)),
      selection_(Completed(std::move(options.selection))) {
  std::vector<Identity> usable;
  for (const Identity& identity : identities.identities()) Convert(identity, usable);
  usable_ = IdentitySet(std::move(usable));
}

void Manager::Convert(const Identity& identity, std::vector<Identity>& usable) {
  std::string reason = WhyUnusable(*identity.key());
  if (reason.empty()) {
    try {
      Converted converted{.chain = PresentedChain(identity.chain()),
                          .key = std::make_shared<PrivateKey>(identity.key())};
      converted_.insert_or_assign(LabelOf(identity), std::move(converted));
      usable.push_back(identity);
      return;
    } catch (const Error& error) {
      reason = error.detail();
    }
  }
  unusable_.push_back({.identity = identity, .reason = std::move(reason)});
}

void Manager::Inspect(const Botan::TLS::Handshake_Message& message, const void* connection) {
  const std::optional<PeerWish> wish = WishOf(message);
  std::optional<CertificateRequest> request;
  if (wish) request = RequestOf(*wish);
  if (request && !IsEmpty() && EndsHandshake(*request)) PretendSchemes(message, policy());
  const std::scoped_lock lock(mutex_);
  Turn& turn = turns_[std::this_thread::get_id()];
  turn.connection = connection;
  if (!request) return;
  turn.asked.clear();
  turn.chosen.clear();
  expected_.insert_or_assign({connection, request->role}, *std::move(request));
}

void Manager::Forget(const void* connection) noexcept {
  const std::scoped_lock lock(mutex_);
  expected_.erase({connection, Role::kClient});
  expected_.erase({connection, Role::kServer});
  std::erase_if(turns_, [&](const auto& row) { return row.second.connection == connection; });
}

std::optional<Decision> Manager::last_decision() const {
  const std::scoped_lock lock(mutex_);
  return last_decision_;
}

std::optional<CertificateRequest> Manager::Inspected(Role role) const {
  const std::scoped_lock lock(mutex_);
  const auto turn = turns_.find(std::this_thread::get_id());
  if (turn == turns_.end()) return std::nullopt;
  const auto found = expected_.find({turn->second.connection, role});
  return found != expected_.end() ? std::optional(found->second) : std::nullopt;
}

bool Manager::IsPretending() const {
  const std::optional<CertificateRequest> request = Inspected(Role::kClient);
  return request && !IsEmpty() && EndsHandshake(*request);
}

std::optional<CertificateRequest> Manager::ExpectedRequest(const CertificateRequest& guessed) const {
  std::optional<CertificateRequest> request = Inspected(guessed.role);
  if (!request) return std::nullopt;
  // A server of TLS 1.2 that finds nothing for the host asks again without one.
  const bool same_host =
      request->role == Role::kClient || guessed.host.empty() || request->host == guessed.host;
  if (request->authorities != guessed.authorities || !same_host) return std::nullopt;
  request->host = guessed.host;
  return request;
}

Decision Manager::Decide(const CertificateRequest& request, const std::vector<SignatureScheme>& stack) const {
  SelectionPolicy selection = selection_;
  selection.stack_schemes = stack;
  selection.stack_refusal = [&](const Certificate& certificate, bool leaf) {
    return Refusal(policy(), request, certificate, leaf);
  };
  std::vector<Identity> candidates = usable_.identities();
  std::vector<Unusable> unusable = unusable_;
  const auto put_aside = [&](const Identity& identity, const std::string& reason) {
    unusable.push_back({.identity = identity, .reason = reason});
    std::erase_if(candidates,
                  [label = LabelOf(identity)](const Identity& it) { return LabelOf(it) == label; });
  };
  // The selection goes by what key, peer and stack have in common; Botan then insists on its own favourite.
  // What cannot do that one is put aside, and the choice made again.
  while (stack.empty() && !candidates.empty()) {
    put_aside(candidates.front(), "the program's Botan policy allows no key type that the peer accepts");
  }
  const TimePoint now = std::chrono::system_clock::now();
  for (;;) {
    const bool all = candidates.size() == usable_.identities().size();
    Choice choice = Select(request, all ? usable_ : IdentitySet(candidates), selection, now);
    const Identity* chosen = choice.identity();
    const std::string trouble =
        chosen != nullptr ? CheckPick(policy(), stack, request, *chosen->key()) : std::string();
    if (trouble.empty()) {
      const auto scheme = chosen != nullptr ? PickedScheme(stack, request, *chosen->key()) : std::nullopt;
      return {.choice = std::move(choice), .unusable = std::move(unusable), .scheme = scheme, .exact = false};
    }
    put_aside(*chosen, trouble);
  }
}

std::optional<Chain> Manager::FindChain(const Question& question) {
  const std::optional<Role> role = RoleOf(question.type);
  if (!role || IsEmpty()) return std::nullopt;
  const CertificateRequest guessed = GuessedRequest(*role, question);
  const std::optional<CertificateRequest> expected = ExpectedRequest(guessed);
  const CertificateRequest& request = expected ? *expected : guessed;
  // What a client is told of key types says less than the schemes do, and may be pretended (PretendSchemes).
  const bool by_types = *role == Role::kServer || request.schemes.empty();
  Decision decision = Decide(request, StackSchemes(policy(), by_types ? question.key_types : Strings()));
  decision.exact = expected.has_value();
  const Identity* chosen = decision.choice.identity();
  Chain chain = chosen != nullptr ? ChainOf(*chosen) : Chain();
  Keep(std::move(decision), question);
  return chain;
}

Chain Manager::ChainOf(const Identity& chosen) const {
  try {
    return PresentedChain(chosen.chain());
  } catch (const Error&) {
    // Botan cannot read an issuer on that path; the path that the identity came with was read before.
    return converted_.at(LabelOf(chosen)).chain;
  }
}

bool Manager::HasKeyOf(const Strings& key_types) const {
  return std::ranges::any_of(converted_, [&](const auto& row) {
    return std::ranges::find(key_types, row.second.key->algo_name()) != key_types.end();
  });
}

void Manager::Keep(Decision decision, const Question& question) {
  const std::scoped_lock lock(mutex_);
  Turn& turn = turns_[std::this_thread::get_id()];
  const bool one_of_several = question.type == "tls-server" && question.version < 0x0304 &&
                              question.key_types.size() == 1 && !turn.asked.contains(question.key_types[0]);
  if (!one_of_several) {
    turn.asked.clear();
    turn.chosen.clear();
  }
  const bool first = turn.asked.empty();
  turn.asked.insert(question.key_types.begin(), question.key_types.end());
  if (decision.choice) {
    turn.chosen.push_back(decision);
  } else if (!first && (!turn.chosen.empty() || !HasKeyOf(question.key_types))) {
    return;  // a type of key that we have none of says nothing; nor is undone what another type got
  }
  last_decision_ = std::move(decision);
}

std::shared_ptr<Botan::Private_Key> Manager::FindKey(const Botan::X509_Certificate& certificate,
                                                     const std::string& type) {
  if (!RoleOf(type)) return nullptr;
  const std::scoped_lock lock(mutex_);
  // A file and a token may hold the same certificate: the one that was chosen last signs. A server that was
  // given chains of several types of keys tells only here which of them it took.
  const auto turn = turns_.find(std::this_thread::get_id());
  if (turn != turns_.end()) {
    const std::vector<Decision>& chosen = turn->second.chosen;
    for (auto at = chosen.rbegin(); at != chosen.rend(); ++at) {
      const Decision& decision = *at;
      const Converted& converted = converted_.at(LabelOf(*decision.choice.identity()));
      if (converted.chain.front() != certificate) continue;
      last_decision_ = decision;
      return converted.key;
    }
  }
  for (const auto& [label, converted] : converted_) {
    if (converted.chain.front() == certificate) return converted.key;
  }
  return nullptr;
}

}  // namespace signet::botan
