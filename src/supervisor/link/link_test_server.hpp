#pragma once
// The server as the network side of the supervisor sees it, played by threads: the upgrade with its frames, files that are PUT, runs
// that are PATCHed, packs that are fetched. For tests only.

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "io/testing.hpp"
#include "protocol/messages.hpp"
#include "protocol/record.hpp"

namespace stoker::supervisor::testing {

class PlayedServer {
 public:
  using Arrived = std::pair<std::chrono::system_clock::time_point, protocol::Record>;

  explicit PlayedServer(std::uint16_t port = 0) : server_([this](io::testing::Peer& peer) { serve(peer); }, port) {}
  std::string url() const { return server_.url(); }
  std::uint16_t port() const { return server_.port(); }
  void cut() { server_.cut(); }
  /// Said on the next connection.
  void say_next(std::vector<protocol::Message> messages) {
    const std::lock_guard lock(mutex_);
    says_after_welcome = std::move(messages);
  }

  // Set before anything connects.
  bool acknowledges = true;
  bool releases = true;
  std::size_t cuts_after_batches = 0;  // 0: never
  std::vector<protocol::Message> says_after_welcome;
  std::optional<protocol::Message> instead_of_welcome;
  std::map<std::string, std::string> answers;  // "GET /target" → body of a 200
  int refuses_files_with = 0;                  // a status
  int files_to_refuse = 0;
  bool keeps_uploads = false;

  // What has come, so far.
  std::vector<protocol::HelloMessage> hellos() const { return read(hellos_); }
  std::vector<Arrived> records() const { return read(records_); }
  std::map<std::string, std::string> files() const { return read(files_); }
  std::vector<std::string> heads() const { return read(heads_); }
  std::vector<std::string> bodies() const { return read(bodies_); }
  int idles() const { return read(idles_); }
  std::string output() const {
    std::map<std::uint64_t, std::string> pieces;
    for (const auto& [when, record] : records())
      if (const auto* output = std::get_if<protocol::OutputRecord>(&record.payload)) pieces[output->offset] = output->data;
    std::string text;
    for (const auto& [offset, piece] : pieces) text += piece;
    return text;
  }
  template <class P>
  std::vector<P> all() const {
    std::map<std::uint64_t, P> found;
    for (const auto& [when, record] : records())
      if (const auto* payload = std::get_if<P>(&record.payload)) found.emplace(record.seq, *payload);
    std::vector<P> list;
    for (auto& [seq, payload] : found) list.push_back(payload);
    return list;
  }

 private:
  template <class T>
  T read(const T& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }

  void serve(io::testing::Peer& peer) {
    for (std::string head; !(head = peer.read_until("\r\n\r\n")).empty();) {
      if (head.starts_with("GET /api/v1/supervisors/connect ")) return serve_link(peer);
      const auto length = head.find("Content-Length: ");
      const auto body = length == std::string::npos ? std::string() : peer.read_exactly(std::stoul(head.substr(length + 16)));
      answer(peer, head, body);
    }
  }

  void answer(io::testing::Peer& peer, const std::string& head, const std::string& body) {
    const std::lock_guard lock(mutex_);
    heads_.push_back(head);
    bodies_.push_back(body);
    const auto request = head.substr(0, head.find(" HTTP/"));
    const auto found = answers.find(request);
    if (found != answers.end()) return peer.answer(200, found->second, "Content-Type: application/json\r\n");
    if (!request.starts_with("PUT ")) return peer.answer(404, json::serialize(to_json(Error(ErrorCode::kNotFound, "there is no " + request))));
    if (files_to_refuse > 0) {
      --files_to_refuse;
      const auto code = refuses_files_with == 409 ? ErrorCode::kConflict : refuses_files_with == 507 ? ErrorCode::kStorageFull : ErrorCode::kInternal;
      return peer.answer(refuses_files_with, json::serialize(to_json(Error(code, "no"))));
    }
    files_[request.substr(request.find("/files/") + 7)] = body;
    json::object record;
    record["sha256"] = std::string(64, 'a');
    record["kept"] = keeps_uploads ? json::value("upload") : json::value(nullptr);
    peer.answer(200, json::serialize(record));
  }

  void say(io::testing::Peer& peer, const protocol::Message& message) {
    std::string bytes;
    io::encode_frame(protocol::to_frame(message), bytes);
    peer.write(bytes);
  }

  std::optional<protocol::Frame> hear(io::testing::Peer& peer) {
    const auto head = peer.read_exactly(io::kFrameHeaderBytes);
    if (head.empty()) return std::nullopt;
    std::uint32_t size = 0;
    std::memcpy(&size, head.data(), 4);
    return protocol::Frame{static_cast<protocol::FrameKind>(head[4]), size == 0 ? "" : peer.read_exactly(size)};
  }

  void serve_link(io::testing::Peer& peer) {
    peer.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: stoker-supervisor/1\r\n\r\n");
    const auto first = hear(peer);
    if (!first) return;
    const auto hello = std::get<protocol::HelloMessage>(*protocol::parse_message(*first));
    std::vector<protocol::Message> to_say;
    {
      const std::lock_guard lock(mutex_);
      hellos_.push_back(hello);
      to_say = std::exchange(says_after_welcome, {});
    }
    if (instead_of_welcome) return say(peer, *instead_of_welcome);
    say(peer, protocol::WelcomeMessage{protocol::kVersion, "instance"});
    if (hello.current) say(peer, protocol::AckMessage{hello.current->run, hello.current->attempt, acked_});
    for (const auto& message : to_say) say(peer, message);
    std::size_t batches = 0;
    while (const auto frame = hear(peer)) {
      if (frame->kind == protocol::FrameKind::kControl) {
        const std::lock_guard lock(mutex_);
        ++idles_;
        continue;
      }
      take(peer, *protocol::parse_records_batch(*frame));
      if (cuts_after_batches != 0 && ++batches == cuts_after_batches) {
        cuts_after_batches = 0;
        return;
      }
    }
  }

  void take(io::testing::Peer& peer, const protocol::RecordsBatch& batch) {
    const auto now = std::chrono::system_clock::now();
    bool is_finished = false;
    std::uint64_t last = 0;
    {
      const std::lock_guard lock(mutex_);
      const auto decoded = protocol::decode_all(batch.bytes);
      for (const auto& record : *decoded) {
        records_.emplace_back(now, record);
        last = record.seq;
        is_finished = is_finished || std::holds_alternative<protocol::FinishedRecord>(record.payload);
      }
      if (acknowledges && cuts_after_batches == 0) acked_ = last;
    }
    if (acknowledges && cuts_after_batches == 0) say(peer, protocol::AckMessage{batch.run, batch.attempt, last});
    if (!is_finished || !releases) return;
    acked_ = 0;
    say(peer, protocol::ReleaseMessage{batch.run, batch.attempt});
    for (const auto& message : std::exchange(after_release, {})) say(peer, message);
  }

 public:
  std::vector<protocol::Message> after_release;  // set before anything connects

 private:
  mutable std::mutex mutex_;
  std::vector<protocol::HelloMessage> hellos_;
  std::vector<Arrived> records_;
  std::map<std::string, std::string> files_;
  std::vector<std::string> heads_, bodies_;
  int idles_ = 0;
  std::uint64_t acked_ = 0;
  io::testing::PlainServer server_;
};

}  // namespace stoker::supervisor::testing
