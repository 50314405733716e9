#pragma once

#include <signet/error.h>
#include <signet/identity_selector.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace signet::inline diagnosis {

// Explanation is one sentence that names the cause, lower case and without full stop, and one that says what
// to do.
struct Explanation {
  std::string cause;
  std::string hint;
};

// Explain says what an error means; the error's own words go first.
Explanation Explain(const Error& error);

// Explain says why an identity was not taken, or what a peer may hold against it.
Explanation Explain(const Reason& reason);

// Suspicions are what a server may hold against the identity that was chosen, though it fits.
std::vector<Reason> Suspicions(const Choice& choice);

// SetAside is an identity that no choice saw, as the TLS stack cannot use it at all.
struct SetAside {
  std::string subject;
  std::string reason;  // one sentence without full stop, lower case
};

// HandshakeOutcome is what is known of a handshake that failed, on the client's side.
struct HandshakeOutcome {
  const Error& failure;                    // as the TLS stack, or the server's page, has it
  bool requested = false;                  // the server asked for a certificate
  bool sent = false;                       // and got one
  bool by_server = false;                  // it was the server that ended it, by an alert or a page
  const Choice* choice = nullptr;          // null if none was made
  std::optional<std::uint8_t> alert = {};  // what the server ended the handshake with
  std::vector<SetAside> aside = {};        // beside those that the choice was made among
};

// Explain finds the cause of a failed handshake in what the server asked for and what we have.
Explanation Explain(const HandshakeOutcome& outcome);
// ExplainedError is the outcome's failure, with what Explain says as its detail and hint.
Error ExplainedError(const HandshakeOutcome& outcome);

// Symptom is what a program prints when something goes wrong, and what is behind it.
struct Symptom {
  // text is found in the program's output, regardless of case and of whether blanks, underscores or colons
  // stand between its words.
  std::string_view text;
  std::string_view cause;
  std::string_view hint;
};
std::span<const Symptom> Symptoms() noexcept;

// FindSymptom gives the first symptom that `printed` holds; null if it holds none that is known.
const Symptom* FindSymptom(std::string_view printed);
// ExplainSymptom says what the first symptom in `printed` means; nothing if it holds none that is known.
std::optional<Explanation> ExplainSymptom(std::string_view printed);

}  // namespace signet::inline diagnosis
