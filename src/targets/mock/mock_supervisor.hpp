#pragma once
// A supervisor that plays. Speaks protocol/ like a real one: hello, start, journal with numbers, acknowledgements, cancel, release.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/messages.hpp"
#include "protocol/record.hpp"
#include "targets/mock/mock.hpp"

namespace stoker::targets {

class MockSupervisor : public std::enable_shared_from_this<MockSupervisor> {
 public:
  MockSupervisor(MockTarget& target, std::string id) : target_(target), id_(std::move(id)) {}

  bool is_alive() const { return alive_; }
  /// Starts the process if it is dead: tells how the attempt ended that it finds, and connects.
  void start();
  void kill();
  void cut();
  void connect();

 private:
  void received(const io::Frame& frame);
  void take(const protocol::Message& message);
  void begin(const protocol::StartMessage& start);
  void cancel(const protocol::CancelMessage& cancel);
  void play();
  void run_program();
  void end(RunEnd end, std::optional<RunError> error);
  void say(protocol::Payload payload);
  void send_from(std::uint64_t seq);
  void hello();
  void reconnect();
  bool is_current(const RunId& run, int attempt) const { return attempt_ && attempt_->start.run == run && attempt_->start.attempt == attempt; }

  /// What a real one keeps in its spool.
  struct Attempt {
    protocol::StartMessage start;
    std::vector<protocol::Record> journal;
    std::uint64_t acked = 0;
    std::uint64_t output_bytes = 0;
    bool exited = false;
  };
  MockTarget& target_;
  std::string id_;
  bool alive_ = false;
  bool muted_ = false;    // play "silent"
  bool resumes_ = false;  // the first acknowledgement after a hello says where to go on
  int life_ = 0;          // rises with each start; timers of an earlier life do nothing
  std::optional<Attempt> attempt_;
  std::shared_ptr<Wire::Connection> connection_;
};

}  // namespace stoker::targets
