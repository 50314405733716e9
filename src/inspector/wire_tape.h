#pragma once

#include "inspector/probe.h"
#include "inspector/recorder.h"
#include "inspector/traffic_key.h"

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace signet::inline inspector {

// WireTape keeps what went over the wire in one connection, and what the TLS stack tells of the part that is
// encrypted, so that all of it can be read when the connection is over: TLS 1.3 by the traffic secrets,
// TLS 1.2 by the messages that the stack shows. It is for stacks that show no whole messages of every kind.
class WireTape {
 public:
  // WireTape is for the stack of that name: "Botan".
  WireTape(Recorder::Side side, std::string stack) : side_(side), stack_(std::move(stack)) {}

  // Bytes takes what was sent or received, cut anywhere.
  void Bytes(Direction direction, ByteView bytes);
  // Secret takes one line of the key log: CLIENT_HANDSHAKE_TRAFFIC_SECRET and the like.
  void Secret(const std::string& label, ByteView secret);
  // Finished, Encrypted, Alert and ApplicationData tell what the stack sent or received, in order; they
  // replace records of TLS 1.2 that cannot be opened. Finished is for a stack that shows, of both sides, no
  // other handshake message that is encrypted; Encrypted for one that shows them all.
  void Finished(signet::Bytes message) { finished_.push_back(std::move(message)); }
  void Encrypted(Direction direction, signet::Bytes message) {
    Told(direction).handshake.push_back(std::move(message));
  }
  void Alert(Direction direction, ByteView level_and_description) {
    Told(direction).alerts.push_back(Copy(level_and_description));
  }
  void ApplicationData(Direction direction, std::size_t length) { Told(direction).data.push_back(length); }

  // Played is what the tape says.
  struct Played {
    Recorder recorder;
    std::uint16_t suite;  // what the ServerHello chose; 0 if there was none
  };
  // Play reads all that is on the tape so far.
  Played Play() const;

 private:
  struct Record {
    Direction direction;
    signet::Bytes bytes;  // header included
  };
  // ToldByStack replaces encrypted records of one direction.
  struct ToldByStack {
    std::deque<signet::Bytes> handshake;
    std::deque<signet::Bytes> alerts;
    std::deque<std::size_t> data;
  };
  // Flow is how far one direction was read.
  struct Flow {
    signet::Bytes handshake;  // the beginning of a message that continues in the next record
    std::optional<TrafficKey> key;
    bool encrypted = false;               // TLS 1.2: after ChangeCipherSpec
    std::optional<std::size_t> overhead;  // TLS 1.2: how much longer encryption makes a record
  };

  static signet::Bytes Copy(ByteView view) { return {view.begin(), view.end()}; }
  ToldByStack& Told(Direction direction) { return told_[static_cast<std::size_t>(direction)]; }
  Flow& FlowOf(Direction direction) { return flows_[static_cast<std::size_t>(direction)]; }
  bool FromClient(Direction direction) const noexcept {
    return (direction == Direction::kSent) == (side_ == Recorder::Side::kClient);
  }

  void PlayRecord(const Record& record, Recorder& recorder);
  void PlaySealed13(const Record& record, Recorder& recorder);
  void PlaySealed12(const Record& record, Recorder& recorder);
  bool PlayEncrypted12(const Record& record, Recorder& recorder);
  void PlayContent(Direction direction, std::uint8_t type, std::uint8_t outer_type, ByteView content,
                   Recorder& recorder);
  void PlayMessage(Direction direction, std::uint8_t outer_type, ByteView message, Recorder& recorder);
  void TakeKey(Direction direction, const char* client_label, const char* server_label);

  Recorder::Side side_;
  std::string stack_;
  std::array<signet::Bytes, 2> pending_;  // bytes of a record that is not complete yet
  std::vector<Record> records_;
  std::map<std::string, signet::Bytes> secrets_;
  std::deque<signet::Bytes> finished_;  // of both sides, in the order of the wire
  std::array<ToldByStack, 2> told_;
  std::array<Flow, 2> flows_;
  std::uint16_t suite_ = 0;
  std::uint16_t version_ = 0;
};

// VisitorOf is what a server's tape says of its client, whose certificate is `leaf`. Whether the session was
// resumed is the stack's to say.
Visitor VisitorOf(const WireTape::Played& played, const std::optional<Certificate>& leaf);

}  // namespace signet::inline inspector
