#pragma once

#include "botan/version.h"
#include <signet/certificate_request.h>
#include <signet/identity.h>
#include <signet/identity_selector.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace signet::botan {

// StackSchemes lists what Botan signs with under `policy`, in the policy's order and for the key types that
// Botan names ("RSA", "ECDSA"; empty: all).
std::vector<SignatureScheme> StackSchemes(const Botan::TLS::Policy& policy, const Strings& key_types);

// PickedScheme is what Botan will sign with: the first of `stack` that the peer takes and that is for a key
// of this type and, in TLS 1.3, curve. It may be one that TLS 1.3 does not have: Botan does not skip it, and
// ends the handshake (CheckPick). Nothing if there is none: Botan would abort the handshake.
std::optional<SignatureScheme> PickedScheme(const std::vector<SignatureScheme>& stack,
                                            const CertificateRequest& request, const signet::PrivateKey& key);

// Refusal is SelectionPolicy::stack_refusal for a program's policy: its minimum sizes of keys, its hashes for
// signatures on certificates and, for a client of TLS 1.2, its groups (RFC 8422 section 5.1).
std::optional<Reason> Refusal(const Botan::TLS::Policy& policy, const CertificateRequest& request,
                              const Certificate& certificate, bool leaf);

// WhyUnusable says why Botan's TLS cannot sign with a key of this type; empty if it can.
std::string WhyUnusable(const signet::PrivateKey& key);

// CheckPick says why the key cannot do what Botan will ask of it, though the key and the peer have a scheme
// in common; empty if it can.
std::string CheckPick(const Botan::TLS::Policy& policy, const std::vector<SignatureScheme>& stack,
                      const CertificateRequest& request, const signet::PrivateKey& key);

}  // namespace signet::botan
