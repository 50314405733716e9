#include "openssl_provider/store_prompt.h"

#include <string>

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/params.h>

namespace signet::provider {
namespace {

constexpr std::size_t kLongestPin = 1024;

// Asked is the text after "Enter pass phrase for".
std::string Asked(const PinRequest& request) {
  const bool file = request.kind == PinRequest::Kind::kPassword;
  std::string text = fmt::format("{} {}", file ? "file" : "token", request.name);
  if (request.kind == PinRequest::Kind::kContextPin) text += " (the key asks again)";
  if (request.final_try) {
    text += " (final try before the token locks)";
  } else if (request.count_low) {
    text += " (a wrong PIN was entered before)";
  }
  return text;
}

}  // namespace

void StorePrompt::Lend(OSSL_PASSPHRASE_CALLBACK* callback, void* argument) {
  const Lock lock(mutex_);
  callback_ = callback;
  argument_ = argument;
}

void StorePrompt::TakeBack() noexcept {
  const Lock lock(mutex_);
  callback_ = nullptr;
}

std::optional<Secret> StorePrompt::Ask(const PinRequest& request) {
  if (!gives_pins_ && request.kind != PinRequest::Kind::kPassword) return std::nullopt;
  const Lock lock(mutex_);
  if (callback_ == nullptr) return std::nullopt;
  std::string info = Asked(request);
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PASSPHRASE_PARAM_INFO, info.data(), 0),
                               OSSL_PARAM_construct_end()};
  Secret pin = Secret::OfSize(kLongestPin);
  std::size_t size = 0;
  if (callback_(pin.writable().data(), pin.size(), &size, params, argument_) != 1 || size > kLongestPin) {
    return std::nullopt;
  }
  pin.Shrink(size);
  return pin;
}

}  // namespace signet::provider
