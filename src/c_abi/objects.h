#pragma once

#include <signet/certificate_request.h>
#include <signet/error.h>
#include <signet/identity.h>
#include <signet/identity_selector.h>
#include <signet/identity_source.h>
#include <signet/pin_prompt.h>
#include <signet/secret.h>
#include <signet/settings.h>
#include <signet/signet.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

// What the opaque types of signet.h are.

struct signet_error {
  signet::Error error;
};

struct signet_settings {
  signet::Settings settings;
};

struct signet_source {
  signet::IdentitySource source;
};

struct signet_identity {
  explicit signet_identity(signet::Identity of)
      : identity(std::move(of)), key(signet::Description(*identity.key())) {}

  signet::Identity identity;
  std::string key;  // in words
};

struct signet_listing {
  std::vector<signet_identity> identities;
  std::vector<signet_error> problems;
};

struct signet_request {
  signet::CertificateRequest request;
  signet::SelectionPolicy policy;
};

struct signet_choice {
  struct Considered {
    signet_identity identity;
    bool fits;
    std::vector<std::string> reasons;
  };

  std::optional<signet_identity> identity;  // with the path to send
  std::uint16_t scheme = 0;
  std::vector<Considered> considered;
  std::string explanation;
  std::optional<signet::Choice> made;  // what all this was written of
};

struct signet_pin_request {
  signet::PinRequest request;
};

struct signet_pin {
  std::optional<signet::Secret> secret;
};
