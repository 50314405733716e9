#include "c_abi/guard.h"

#include <string_view>

using signet::c_abi::Given;
using signet::c_abi::Guard;
using signet::c_abi::Made;

extern "C" {

signet_settings* signet_settings_new(signet_error** error) {
  return Guard(error, static_cast<signet_settings*>(nullptr),
               [] { return Made(signet_settings{signet::ConfiguredSettings()}); });
}

bool signet_settings_set(signet_settings* settings, const char* name, const char* value,
                         signet_error** error) {
  return Guard(error, false, [&] {
    signet::Settings changed = Given(settings, "settings").settings;
    changed.Set(&Given(name, "name"), &Given(value, "value"));
    settings->settings = std::move(changed);
    return true;
  });
}

void signet_settings_free(signet_settings* settings) { signet::c_abi::Freed(settings); }

signet_pin_kind signet_pin_request_kind(const signet_pin_request* request) {
  using Kind = signet::PinRequest::Kind;
  switch (request->request.kind) {
    case Kind::kUserPin:
      return SIGNET_PIN_USER;
    case Kind::kContextPin:
      return SIGNET_PIN_CONTEXT;
    case Kind::kSecurityOfficerPin:
      return SIGNET_PIN_SECURITY_OFFICER;
    case Kind::kPassword:
      return SIGNET_PIN_PASSWORD;
  }
  return SIGNET_PIN_USER;
}

const char* signet_pin_request_name(const signet_pin_request* request) {
  return request->request.name.c_str();
}

const char* signet_pin_request_uri(const signet_pin_request* request) { return request->request.uri.c_str(); }

bool signet_pin_request_count_low(const signet_pin_request* request) { return request->request.count_low; }

bool signet_pin_request_final_try(const signet_pin_request* request) { return request->request.final_try; }

bool signet_pin_set(signet_pin* pin, const char* bytes, size_t size) {
  return Guard(nullptr, false, [&] {
    Given(pin, "pin").secret = size == 0 ? signet::Secret() : signet::Secret({&Given(bytes, "bytes"), size});
    return true;
  });
}

}  // extern "C"
