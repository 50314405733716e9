#include "inspector/wire_tape.h"

#include "inspector/names.h"
#include <signet/error.h>

#include <algorithm>

#include <fmt/format.h>

namespace signet::inline inspector {
namespace {

constexpr std::size_t kRecordHeader = 5;
constexpr std::size_t kMessageHeader = 4;

enum RecordType : std::uint8_t {
  kChangeCipherSpec = 20,
  kAlert = 21,
  kHandshake = 22,
  kApplicationData = 23
};

std::size_t LengthAt(ByteView bytes, std::size_t offset, std::size_t size) {
  std::size_t length = 0;
  for (std::size_t i = 0; i < size; ++i) length = length << 8 | bytes[offset + i];
  return length;
}

// Pop takes the first of what the stack told, or nothing.
template <class T>
std::optional<T> Pop(std::deque<T>& queue) {
  if (queue.empty()) return std::nullopt;
  T first = std::move(queue.front());
  queue.pop_front();
  return first;
}

}  // namespace

void WireTape::Bytes(Direction direction, ByteView bytes) {
  signet::Bytes& pending = pending_[static_cast<std::size_t>(direction)];
  pending.insert(pending.end(), bytes.begin(), bytes.end());
  while (pending.size() >= kRecordHeader) {
    const std::size_t size = kRecordHeader + LengthAt(pending, 3, 2);
    if (pending.size() < size) return;
    const auto end = pending.begin() + static_cast<std::ptrdiff_t>(size);
    records_.push_back({.direction = direction, .bytes = {pending.begin(), end}});
    pending.erase(pending.begin(), end);
  }
}

void WireTape::Secret(const std::string& label, ByteView secret) {
  secrets_.insert_or_assign(label, Copy(secret));
}

WireTape::Played WireTape::Play() const {
  WireTape tape(*this);  // reading uses up keys and what Botan told
  Recorder recorder(side_);
  for (const Record& record : records_) tape.PlayRecord(record, recorder);
  return {.recorder = std::move(recorder), .suite = tape.suite_};
}

void WireTape::PlayRecord(const Record& record, Recorder& recorder) {
  const std::uint8_t type = record.bytes[0];
  if (version_ >= kTls13 && type == kApplicationData) return PlaySealed13(record, recorder);
  if (FlowOf(record.direction).encrypted) return PlaySealed12(record, recorder);
  PlayContent(record.direction, type, type, ByteView(record.bytes).subspan(kRecordHeader), recorder);
}

void WireTape::PlaySealed13(const Record& record, Recorder& recorder) {
  Flow& flow = FlowOf(record.direction);
  if (!flow.key)
    TakeKey(record.direction, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET");
  const auto opened = flow.key ? flow.key->Open(record.bytes) : std::nullopt;
  if (!opened) {
    return recorder.Unseen(record.direction, kApplicationData, "", record.bytes.size() - kRecordHeader,
                           fmt::format("it is encrypted, and {} provided no key for it", stack_));
  }
  PlayContent(record.direction, opened->type, kApplicationData, opened->content, recorder);
}

void WireTape::PlaySealed12(const Record& record, Recorder& recorder) {
  ToldByStack& told = Told(record.direction);
  const std::uint8_t type = record.bytes[0];
  const std::size_t sealed = record.bytes.size() - kRecordHeader;
  const std::string why = fmt::format("it is encrypted, and {} does not show its content", stack_);
  if (type == kHandshake) {
    if (PlayEncrypted12(record, recorder)) return;
    if (const auto finished = Pop(finished_)) return PlayMessage(record.direction, type, *finished, recorder);
  } else if (type == kAlert) {
    if (const auto alert = Pop(told.alerts)) return recorder.Alert(record.direction, type, *alert);
    return recorder.Unseen(record.direction, type, "Alert", sealed, why);
  } else if (type == kApplicationData) {
    if (const auto length = Pop(told.data)) return recorder.ApplicationData(record.direction, type, *length);
    return recorder.Unseen(record.direction, type, "ApplicationData", sealed, why);
  }
  recorder.Unseen(record.direction, type, "", sealed, why);
}

// PlayEncrypted12 finds the messages in a record by its length: the first one has a Finished and nothing
// else. A HelloRequest, which no stack shows, leaves them for the records behind it.
bool WireTape::PlayEncrypted12(const Record& record, Recorder& recorder) {
  std::deque<signet::Bytes>& told = Told(record.direction).handshake;
  Flow& flow = FlowOf(record.direction);
  const std::size_t sealed = record.bytes.size() - kRecordHeader;
  if (told.empty()) return false;
  if (!flow.overhead) flow.overhead = sealed - std::min(sealed, told.front().size());
  std::size_t count = 0;
  std::size_t size = *flow.overhead;
  while (count < told.size() && size < sealed) size += told[count++].size();
  if (size != sealed) return false;
  while (count-- > 0) PlayMessage(record.direction, kHandshake, *Pop(told), recorder);
  return true;
}

void WireTape::PlayContent(Direction direction, std::uint8_t type, std::uint8_t outer_type, ByteView content,
                           Recorder& recorder) {
  Flow& flow = FlowOf(direction);
  if (type == kChangeCipherSpec) {
    flow.encrypted = version_ != 0 && version_ < kTls13;
    return recorder.ChangeCipherSpec(direction);
  }
  if (type == kAlert) {
    // The stack told of it anyway; the rest replaces records that cannot be decrypted.
    if (version_ < kTls13 && direction == Direction::kReceived) Pop(Told(direction).alerts);
    return recorder.Alert(direction, outer_type, content);
  }
  if (type == kApplicationData) return recorder.ApplicationData(direction, outer_type, content.size());
  if (type != kHandshake)
    return recorder.Unseen(direction, outer_type, "", content.size(), "its type is not known");
  flow.handshake.insert(flow.handshake.end(), content.begin(), content.end());
  while (flow.handshake.size() >= kMessageHeader) {
    const std::size_t size = kMessageHeader + LengthAt(flow.handshake, 1, 3);
    if (flow.handshake.size() < size) return;
    const auto end = flow.handshake.begin() + static_cast<std::ptrdiff_t>(size);
    const signet::Bytes message(flow.handshake.begin(), end);
    flow.handshake.erase(flow.handshake.begin(), end);
    PlayMessage(direction, outer_type, message, recorder);
  }
}

void WireTape::PlayMessage(Direction direction, std::uint8_t outer_type, ByteView message,
                           Recorder& recorder) {
  recorder.Handshake(direction, outer_type, message);
  const auto type = static_cast<HandshakeType>(message[0]);
  if (type == HandshakeType::kServerHello) {
    try {
      const Hello hello = ParseServerHello(message.subspan(kMessageHeader));
      version_ = hello.version();
      if (!hello.is_retry() && !hello.suites.empty()) suite_ = hello.suites.front();
    } catch (const Error&) {
      return;  // the recorder lists it as malformed
    }
  }
  if (version_ < kTls13) return;
  Flow& flow = FlowOf(direction);
  if (type == HandshakeType::kFinished)
    TakeKey(direction, "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0");
  if (type == HandshakeType::kKeyUpdate && flow.key) flow.key = flow.key->Next();
}

void WireTape::TakeKey(Direction direction, const char* client_label, const char* server_label) {
  const auto found = secrets_.find(FromClient(direction) ? client_label : server_label);
  FlowOf(direction).key = found == secrets_.end() ? std::nullopt : TrafficKey::Make(suite_, found->second);
}

Visitor VisitorOf(const WireTape::Played& played, const std::optional<Certificate>& leaf) {
  Visitor visitor;
  if (played.recorder.version() != 0) visitor.protocol = VersionName(played.recorder.version());
  if (played.suite != 0) visitor.cipher = SuiteName(played.suite);
  if (const auto& check = played.recorder.client_verify()) visitor.scheme = check->scheme;
  if (leaf) {
    visitor.subject = leaf->subject();
    visitor.user_name = leaf->user_name();
  }
  return visitor;
}

}  // namespace signet::inline inspector
