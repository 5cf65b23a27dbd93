#pragma once
// The connection to the server, kept up as long as the supervisor lives: says hello, sends the journal, hands on what the server says.
// Called by main.cpp: `link.run()` in a task group beside `supervisor.wait_done()`. With the server away nothing is lost and nobody waits:
// the journal grows on the disk and goes on from the last acknowledged number.

#include <chrono>
#include <deque>
#include <optional>
#include <string>

#include "io/frame_stream.hpp"
#include "io/task.hpp"
#include "protocol/messages.hpp"
#include "supervisor/supervisor.hpp"

namespace stoker::supervisor {

struct LinkSettings {
  /// An idle supervisor exits when the server was away so long.
  std::chrono::milliseconds idle_patience = std::chrono::seconds(60);
  /// One whose attempt is finished but not delivered leaves it in the spool after so long.
  std::chrono::milliseconds finished_patience = std::chrono::minutes(10);
  std::chrono::milliseconds first_back_off{50};
  std::chrono::milliseconds longest_back_off{1000};
  /// Bytes of records that are under way without an acknowledgement.
  std::size_t window_bytes = 8U << 20;
};

class Link {
 public:
  Link(io::Loop& loop, Supervisor& supervisor, LinkSettings settings = {});

  /// Ends when cancelled, and after it has told the supervisor to quit because the server stays away.
  io::Task<void> run();
  bool is_connected() const { return connected_; }

 private:
  struct Sent {
    std::uint64_t last_seq;
    std::size_t bytes;
  };
  io::Task<Status> connect_and_serve();
  io::Task<Result<protocol::WelcomeMessage>> greet(io::FrameStream& stream);
  io::Task<Status> receive_all(io::FrameStream& stream);
  io::Task<Status> send_all(io::FrameStream& stream);
  io::Task<Status> send_next(io::FrameStream& stream, const protocol::AttemptStatus& current);
  io::Task<bool> give_up_when_due();
  io::Task<Status> obey(protocol::Message message);
  io::Task<void> begin(protocol::StartMessage start);
  void acknowledged(const protocol::AckMessage& ack);
  Status refused(const protocol::RefusedMessage& refused);
  protocol::HelloMessage hello() const;
  void follow(const protocol::AttemptStatus& current);

  io::Loop& loop_;
  Supervisor& supervisor_;
  LinkSettings settings_;
  bool connected_ = false;
  bool may_send_ = false;  // the server has said where to go on, or it had its time to
  io::Deadline away_since_;
  std::optional<io::Deadline> finished_since_;
  std::string last_refusal_;  // told to the log once, not with every try
  std::string attempt_;       // key of the attempt that is being sent; empty: none
  std::string releasing_;     // key of the attempt that the server released and that is still being removed
  std::uint64_t sent_seq_ = 0;
  std::deque<Sent> under_way_;
  std::size_t under_way_bytes_ = 0;
};

}  // namespace stoker::supervisor
