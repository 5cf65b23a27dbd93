#pragma once
// The server's end of every supervisor: who is connected, which attempt each is to have, and the way in for their records.
// api/ accepts the connection and moves frames; the hub decides what they mean. Single loop.
// Invariants: one link per supervisor id (a newer one replaces the older); a supervisor has at most one assignment; it is
// released only when the end of its attempt is stored; frames of a link are handled one after another.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "protocol/messages.hpp"
#include "runs/ingest.hpp"

namespace stoker::runs {

using protocol::Frame;

/// One connection to a supervisor, implemented by api/ (a socket) and by in_process_link (the mock target).
class SupervisorLink {
 public:
  virtual ~SupervisorLink() = default;
  /// Queues the frame; never blocks. Nothing happens once the link is closed.
  virtual void send(Frame frame) = 0;
  /// Ends the connection; `detached` is called as for any other end.
  virtual void close() = 0;
  /// For logs.
  virtual std::string peer() const = 0;
};

/// What the hub tells and asks the run service.
class HubOwner {
 public:
  virtual ~HubOwner() = default;
  struct Standing {
    bool current = false;       // the live attempt of a live run
    bool ended = false;         // this very attempt, and its end is stored
    std::uint64_t acked = 0;    // durable up to here
  };
  virtual io::Task<Result<Standing>> standing(RunId run, int attempt) = 0;
  virtual void supervisor_attached(const std::string& supervisor_id) = 0;
  virtual void supervisor_detached(const std::string& supervisor_id) = 0;
};

class SupervisorHub {
 public:
  SupervisorHub(io::Loop& loop, HubOwner& owner, Ingest& ingest, std::string server_instance);

  /// The answer to hello goes out before this returns. An error: the supervisor was told why (refused), the caller closes.
  io::Task<Status> attached(std::shared_ptr<SupervisorLink> link, protocol::HelloMessage hello);
  /// Frames after hello, in order; await one before the next (that is the back-pressure). An error: the caller closes the link.
  io::Task<Status> received(std::shared_ptr<SupervisorLink> link, Frame frame);
  void detached(const std::shared_ptr<SupervisorLink>& link);

  /// The supervisor is to have this attempt: told now, or when it says hello.
  void assign(const std::string& supervisor_id, protocol::StartMessage start);
  /// The same after a restart of the server: the message is made only when the supervisor turns out not to know the attempt.
  void expect(const std::string& supervisor_id, RunId run, int attempt, std::function<protocol::StartMessage()> start);
  /// Told now and again with each hello until the attempt is released.
  void cancel(const std::string& supervisor_id, protocol::CancelMessage cancel);
  /// The end is stored: forget the assignment, let the supervisor drop its spool.
  void release(const std::string& supervisor_id, const RunId& run, int attempt);
  /// Everything durable up to `seq`.
  void acknowledge(const RunId& run, int attempt, std::uint64_t seq);
  /// The supervisor's process was replaced or is to be: close its link.
  void drop(const std::string& supervisor_id);
  /// Idle supervisors exit when told; busy ones stay.
  void quit_idle();

  bool is_attached(const std::string& supervisor_id) const { return links_.contains(supervisor_id); }
  std::size_t attached_count() const { return links_.size(); }
  std::vector<std::string> attached_ids() const;

 private:
  struct Assignment {
    RunId run;
    int attempt = 0;
    std::function<protocol::StartMessage()> start;
    std::optional<protocol::CancelMessage> cancel;
  };
  struct Attached {
    std::shared_ptr<SupervisorLink> link;
    protocol::HelloMessage hello;
  };
  io::Task<Result<bool>> resume(std::shared_ptr<SupervisorLink> link, std::string supervisor_id, protocol::AttemptStatus current);
  void send_assignment(const std::string& supervisor_id, SupervisorLink& link);
  SupervisorLink* link_of(const std::string& supervisor_id);

  io::Loop& loop_;
  HubOwner& owner_;
  Ingest& ingest_;
  std::string instance_;
  std::unordered_map<std::string, Attached> links_;
  std::unordered_map<std::string, Assignment> assignments_;
  std::unordered_map<RunId, std::string> supervisor_of_;  // of the assigned attempts
};

}  // namespace stoker::runs
