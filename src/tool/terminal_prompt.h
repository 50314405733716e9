#pragma once

#include <signet/pin_prompt.h>

#include <mutex>
#include <optional>

namespace signet::tool {

// TerminalPrompt asks at the controlling terminal, without echo and never on stdin. Without a terminal it has
// no answer.
class TerminalPrompt : public PinPrompt {
 public:
  std::optional<Secret> Ask(const PinRequest& request) override;
  void LookAtReader(const PinRequest& request) override;

 private:
  std::mutex one_question_at_a_time_;
};

// AskTwice asks for a new PIN and again to confirm it; nothing if the person declined. Throws Error
// kWrongPin if the two differ.
std::optional<Secret> AskTwice(std::string_view question);

// Confirm asks a question and tells whether the answer began with y. Without a terminal it did not.
bool Confirm(std::string_view question);

}  // namespace signet::tool
