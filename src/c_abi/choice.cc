#include "c_abi/guard.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace signet::c_abi {
namespace {

std::vector<std::string> Texts(const std::vector<Reason>& reasons) {
  std::vector<std::string> texts;
  for (const Reason& reason : reasons) texts.push_back(reason.text);
  return texts;
}

std::unique_ptr<signet_choice> ChoiceOf(const Choice& choice) {
  auto made = std::make_unique<signet_choice>();
  made->made = choice;
  if (choice.identity() != nullptr) made->identity.emplace(*choice.identity());
  if (choice.scheme()) made->scheme = static_cast<std::uint16_t>(*choice.scheme());
  for (const Choice::Considered& considered : choice.considered()) {
    std::vector<std::string> reasons = Texts(considered.reasons);
    if (considered.chosen) {
      for (std::string& warning : Texts(choice.warnings())) reasons.push_back(std::move(warning));
    }
    made->explanation += fmt::format(
        "{}: {}{}{}\n",
        considered.identity.uri().empty() ? considered.identity.subject() : considered.identity.uri(),
        considered.chosen ? "chosen" : "not chosen", reasons.empty() ? "" : ", ", fmt::join(reasons, "; "));
    made->considered.push_back({signet_identity(considered.identity), considered.fits, std::move(reasons)});
  }
  return made;
}

}  // namespace
}  // namespace signet::c_abi

using signet::c_abi::ChoiceOf;
using signet::c_abi::Given;
using signet::c_abi::Guard;

extern "C" {

signet_request* signet_request_new(uint16_t protocol_version) {
  return Guard(nullptr, static_cast<signet_request*>(nullptr), [&] {
    auto made = std::make_unique<signet_request>();
    made->request.protocol_version = protocol_version;
    return made.release();
  });
}

bool signet_request_add_authority(signet_request* request, const uint8_t* name, size_t size) {
  return Guard(nullptr, false, [&] {
    Given(name, "name");
    Given(request, "request").request.authorities.emplace_back(name, name + size);
    return true;
  });
}

bool signet_request_add_scheme(signet_request* request, uint16_t scheme) {
  return Guard(nullptr, false, [&] {
    Given(request, "request").request.schemes.push_back(static_cast<signet::SignatureScheme>(scheme));
    return true;
  });
}

bool signet_request_add_certificate_scheme(signet_request* request, uint16_t scheme) {
  return Guard(nullptr, false, [&] {
    Given(request, "request")
        .request.certificate_schemes.push_back(static_cast<signet::SignatureScheme>(scheme));
    return true;
  });
}

bool signet_request_add_certificate_type(signet_request* request, uint8_t type) {
  return Guard(nullptr, false, [&] {
    Given(request, "request").request.certificate_types.push_back(type);
    return true;
  });
}

bool signet_request_for_server(signet_request* request, const char* host) {
  return Guard(nullptr, false, [&] {
    Given(request, "request").request.role = signet::CertificateRequest::Role::kServer;
    request->request.host = host != nullptr ? host : "";
    return true;
  });
}

bool signet_request_add_stack_scheme(signet_request* request, uint16_t scheme) {
  return Guard(nullptr, false, [&] {
    Given(request, "request").policy.stack_schemes.push_back(static_cast<signet::SignatureScheme>(scheme));
    return true;
  });
}

bool signet_request_pin(signet_request* request, const char* identity) {
  return Guard(nullptr, false, [&] {
    Given(request, "request").policy.pinned = &Given(identity, "identity");
    return true;
  });
}

void signet_request_free(signet_request* request) { signet::c_abi::Freed(request); }

signet_choice* signet_select(const signet_request* request, const signet_identity* const* identities,
                             size_t count, signet_error** error) {
  return Guard(error, static_cast<signet_choice*>(nullptr), [&] {
    std::vector<signet::Identity> among;
    for (size_t i = 0; i < count; ++i) {
      among.push_back(Given((&Given(identities, "identities"))[i], "an identity").identity);
    }
    const signet_request& asked = Given(request, "request");
    return ChoiceOf(signet::Select(asked.request, signet::IdentitySet(std::move(among)), asked.policy,
                                   std::chrono::system_clock::now()))
        .release();
  });
}

const signet_identity* signet_choice_identity(const signet_choice* choice) {
  return choice != nullptr && choice->identity ? &*choice->identity : nullptr;
}

uint16_t signet_choice_scheme(const signet_choice* choice) { return choice == nullptr ? 0 : choice->scheme; }

size_t signet_choice_considered_count(const signet_choice* choice) {
  return choice == nullptr ? 0 : choice->considered.size();
}

const signet_identity* signet_choice_considered(const signet_choice* choice, size_t index) {
  return index < signet_choice_considered_count(choice) ? &choice->considered[index].identity : nullptr;
}

bool signet_choice_fits(const signet_choice* choice, size_t index) {
  return index < signet_choice_considered_count(choice) && choice->considered[index].fits;
}

const char* signet_choice_reason(const signet_choice* choice, size_t index, size_t reason) {
  if (index >= signet_choice_considered_count(choice)) return nullptr;
  const std::vector<std::string>& reasons = choice->considered[index].reasons;
  return reason < reasons.size() ? reasons[reason].c_str() : nullptr;
}

const char* signet_choice_explain(const signet_choice* choice) {
  return choice == nullptr ? "" : choice->explanation.c_str();
}

void signet_choice_free(signet_choice* choice) { signet::c_abi::Freed(choice); }

}  // extern "C"
