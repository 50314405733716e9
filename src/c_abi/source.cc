#include "c_abi/guard.h"

#include <memory>
#include <string_view>

namespace signet::c_abi {
namespace {

// CallersData is what a C program's prompt is called with; it is released once, where the program asked for
// that.
class CallersData {
 public:
  using Release = void (*)(void*);

  CallersData(void* data, Release release) noexcept : data_(data), release_(release) {}
  CallersData(CallersData&& other) noexcept
      : data_(other.data_), release_(std::exchange(other.release_, nullptr)) {}
  CallersData(const CallersData&) = delete;
  CallersData& operator=(const CallersData&) = delete;
  ~CallersData() {
    if (release_ != nullptr) release_(data_);
  }

  void* get() const noexcept { return data_; }

 private:
  void* data_;
  Release release_;
};

// CPrompt is a C program's prompt.
class CPrompt final : public PinPrompt {
 public:
  CPrompt(signet_prompt prompt, signet_prompt_by by, CallersData data)
      : prompt_(prompt), by_(by), data_(std::move(data)) {}

  std::optional<Secret> Ask(const PinRequest& request) override {
    const signet_pin_request asked{request};
    signet_pin answer;
    if (!prompt_(&asked, &answer, data_.get())) return std::nullopt;
    return std::move(answer.secret);
  }

  bool asks_person() const noexcept override { return by_ == SIGNET_PROMPT_BY_PERSON; }

 private:
  const signet_prompt prompt_;
  const signet_prompt_by by_;
  const CallersData data_;
};

signet_source* MakeSource(const signet_settings* settings, signet_prompt prompt, signet_prompt_by by,
                          CallersData data, signet_error** error) {
  return Guard(error, static_cast<signet_source*>(nullptr), [&] {
    std::shared_ptr<PinPrompt> asks;
    if (prompt != nullptr) asks = std::make_shared<CPrompt>(prompt, by, std::move(data));
    return Made(signet_source{
        IdentitySource(settings != nullptr ? settings->settings : ConfiguredSettings(), std::move(asks))});
  });
}

}  // namespace
}  // namespace signet::c_abi

using signet::c_abi::CallersData;
using signet::c_abi::Given;
using signet::c_abi::Guard;
using signet::c_abi::Made;
using signet::c_abi::MakeSource;

extern "C" {

signet_source* signet_source_new(const signet_settings* settings, signet_prompt prompt, signet_prompt_by by,
                                 void* data, signet_error** error) {
  return MakeSource(settings, prompt, by, CallersData(data, nullptr), error);
}

signet_source* signet_source_new_owning(const signet_settings* settings, signet_prompt prompt,
                                        signet_prompt_by by, void* data, void (*release)(void* data),
                                        signet_error** error) {
  return MakeSource(settings, prompt, by, CallersData(data, release), error);
}

signet_identity* signet_source_open(const signet_source* source, const char* uri, signet_error** error) {
  return Guard(error, static_cast<signet_identity*>(nullptr), [&] {
    return Made(signet_identity(Given(source, "source").source.Open(&Given(uri, "uri"))));
  });
}

signet_listing* signet_source_list(const signet_source* source, const char* uri, signet_error** error) {
  return Guard(error, static_cast<signet_listing*>(nullptr), [&] {
    const signet::Listing found = Given(source, "source").source.List(&Given(uri, "uri"));
    auto listing = std::make_unique<signet_listing>();
    for (const signet::Identity& identity : found.identities) listing->identities.emplace_back(identity);
    for (const signet::Problem& problem : found.problems) {
      listing->problems.push_back({problem.error.WithUri(problem.uri)});
    }
    return listing.release();
  });
}

void signet_source_free(signet_source* source) { signet::c_abi::Freed(source); }

size_t signet_listing_identity_count(const signet_listing* listing) {
  return listing == nullptr ? 0 : listing->identities.size();
}

const signet_identity* signet_listing_identity(const signet_listing* listing, size_t index) {
  return index < signet_listing_identity_count(listing) ? &listing->identities[index] : nullptr;
}

size_t signet_listing_problem_count(const signet_listing* listing) {
  return listing == nullptr ? 0 : listing->problems.size();
}

const signet_error* signet_listing_problem(const signet_listing* listing, size_t index) {
  return index < signet_listing_problem_count(listing) ? &listing->problems[index] : nullptr;
}

void signet_listing_free(signet_listing* listing) { signet::c_abi::Freed(listing); }

}  // extern "C"
