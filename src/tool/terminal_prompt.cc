#include "tool/terminal_prompt.h"

#include "base/printable.h"
#include <signet/error.h>

#include <cerrno>
#include <csignal>
#include <iterator>
#include <string>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

namespace signet::tool {
namespace {

constexpr std::size_t kLongestPin = 1024;
constexpr char kControlU = 21;
constexpr char kBackspace = 8;
constexpr char kDelete = 127;

// HeldSignals keeps the signals that end a program waiting, so that the terminal is given back first; they
// take effect when it is destroyed. What the program ignores stays ignored.
class HeldSignals {
 public:
  HeldSignals() {
    sigset_t held;
    sigemptyset(&held);
    for (const int signal : {SIGTERM, SIGHUP, SIGINT, SIGQUIT}) {
      struct sigaction action {};
      if (sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN) sigaddset(&held, signal);
    }
    pthread_sigmask(SIG_BLOCK, &held, &before_);
    descriptor_ = signalfd(-1, &held, SFD_CLOEXEC);
  }
  ~HeldSignals() {
    if (descriptor_ >= 0) close(descriptor_);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;

  // WaitFor waits until `descriptor` can be read, and tells whether it can; a signal came where it cannot.
  bool WaitFor(int descriptor) const {
    pollfd entries[] = {{.fd = descriptor_, .events = POLLIN, .revents = 0},
                        {.fd = descriptor, .events = POLLIN, .revents = 0}};
    while (poll(entries, std::size(entries), -1) < 0) {
      if (errno != EINTR) return true;
    }
    return entries[0].revents == 0;
  }

 private:
  sigset_t before_{};
  int descriptor_ = -1;
};

// Terminal is /dev/tty while a question is open. Its destructor gives the terminal back as it was.
class Terminal {
 public:
  Terminal() : descriptor_(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {}
  ~Terminal() {
    if (silent_) tcsetattr(descriptor_, TCSAFLUSH, &before_);
    if (descriptor_ >= 0) close(descriptor_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  bool is_open() const { return descriptor_ >= 0; }

  void Write(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = write(descriptor_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  // Silence turns the echo off, and signals by key too, so that Ctrl-C cannot leave the terminal silent.
  bool Silence() {
    if (tcgetattr(descriptor_, &before_) != 0) return false;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    silent_ = tcsetattr(descriptor_, TCSAFLUSH, &quiet) == 0;
    return silent_;
  }

  // interrupted tells whether Ctrl-C, or the terminal's interrupt character, ended the line.
  bool interrupted() const { return interrupted_; }

  // ReadLine gives what was typed up to Enter, or nothing after Ctrl-C, Ctrl-D, a hang-up or a signal.
  std::optional<Secret> ReadLine(const HeldSignals& signals) {
    Secret line = Secret::OfSize(kLongestPin);
    std::size_t size = 0;
    while (true) {
      char typed = 0;
      if (!signals.WaitFor(descriptor_)) return std::nullopt;
      const ssize_t got = read(descriptor_, &typed, 1);
      if (got < 0 && errno == EINTR) continue;
      interrupted_ = got > 0 && typed == static_cast<char>(before_.c_cc[VINTR]);
      if (got <= 0 || interrupted_ || typed == static_cast<char>(before_.c_cc[VEOF])) return std::nullopt;
      if (typed == '\n' || typed == '\r') break;
      if (typed == kControlU) {
        size = 0;
      } else if (typed == kBackspace || typed == kDelete) {
        size -= size > 0 ? 1 : 0;
      } else if (size < line.size()) {
        line.writable()[size++] = typed;
      }
    }
    line.Shrink(size);
    return line;
  }

 private:
  int descriptor_;
  termios before_{};
  bool silent_ = false;
  bool interrupted_ = false;
};

// AskAtTerminal gives the answer, or nothing if the person declined. Ctrl-C ends the program as anywhere
// else, with the terminal as it was.
std::optional<Secret> AskAtTerminal(std::string_view question) {
  std::optional<Secret> answer;
  bool interrupted = false;
  {
    const HeldSignals signals;
    Terminal terminal;
    if (!terminal.is_open() || !terminal.Silence()) return std::nullopt;
    terminal.Write(Printable(question, Lines::kMany));
    answer = terminal.ReadLine(signals);
    terminal.Write("\n");
    interrupted = terminal.interrupted();
  }
  if (interrupted) {
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
  return answer;
}

std::string Question(const PinRequest& request) {
  std::string question;
  if (request.final_try) {
    question += "One more wrong PIN locks the token.\n";
  } else if (request.count_low) {
    question += "A wrong PIN was entered since the last correct one.\n";
  }
  switch (request.kind) {
    case PinRequest::Kind::kUserPin:
      return question + fmt::format("PIN of token {}: ", Printable(request.name));
    case PinRequest::Kind::kContextPin:
      return question + fmt::format("PIN of token {}, for this signature: ", Printable(request.name));
    case PinRequest::Kind::kSecurityOfficerPin:
      return question + fmt::format("Security officer's PIN of token {}: ", Printable(request.name));
    case PinRequest::Kind::kPassword:
      return question + fmt::format("Password of {}: ", Printable(request.name));
  }
  return question;
}

}  // namespace

std::optional<Secret> TerminalPrompt::Ask(const PinRequest& request) {
  const std::lock_guard lock(one_question_at_a_time_);
  return AskAtTerminal(Question(request));
}

void TerminalPrompt::LookAtReader(const PinRequest& request) {
  const Terminal terminal;
  if (!terminal.is_open()) return;
  terminal.Write(fmt::format("Enter the PIN of token {} at the reader.\n", Printable(request.name)));
}

std::optional<Secret> AskTwice(std::string_view question) {
  std::optional<Secret> first = AskAtTerminal(fmt::format("{}: ", question));
  if (!first) return std::nullopt;
  const std::optional<Secret> second = AskAtTerminal(fmt::format("{}, again: ", question));
  if (!second) return std::nullopt;
  if (second->view() == first->view()) return first;
  throw Error({.code = ErrorCode::kWrongPin,
               .detail = "the two new PINs differ, so nothing was changed",
               .hint = "Type the same PIN twice."});
}

bool Confirm(std::string_view question) {
  const std::optional<Secret> answer = AskAtTerminal(question);
  return answer && !answer->empty() && (answer->view()[0] == 'y' || answer->view()[0] == 'Y');
}

}  // namespace signet::tool
