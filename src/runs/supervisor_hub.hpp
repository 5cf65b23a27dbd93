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
    bool current = false;     // the live attempt of a live run
    bool ended = false;       // this very attempt, and its end is stored
    std::uint64_t acked = 0;  // durable up to here
  };
  virtual io::Task<Result<Standing>> standing(RunId run, int attempt) = 0;
  virtual void supervisor_attached(const std::string& supervisor_id) = 0;
  virtual void supervisor_detached(const std::string& supervisor_id) = 0;
};

class SupervisorHub {
 public:
  SupervisorHub(HubOwner& owner, Ingest& ingest, std::string server_instance);

  /// The answer to hello goes out before this returns. An error: the supervisor was told why where it matters, the caller closes the link.
  io::Task<Status> attached(std::shared_ptr<SupervisorLink> link, protocol::HelloMessage hello);
  /// Frames after hello, in order; await one before the next (that is the back-pressure). An error: the caller closes the link.
  io::Task<Status> received(std::shared_ptr<SupervisorLink> link, Frame frame);
  /// The connection ended, for whatever reason. Also after an error of `attached`.
  void detached(const std::shared_ptr<SupervisorLink>& link);

  /// The supervisor is to have this attempt: told now, and with each hello that does not name it. `start` makes the message when it is needed;
  /// nullopt: not yet, offer() follows.
  void assign(const std::string& supervisor_id, RunId run, int attempt, std::uint64_t acked,
              std::function<std::optional<protocol::StartMessage>()> start);
  /// The message of its assignment can be made now.
  void offer(const std::string& supervisor_id);
  /// Told now and with each hello until the attempt is released.
  void cancel(const std::string& supervisor_id, protocol::CancelMessage cancel);
  /// The end is stored: forgets the assignment, lets the supervisor drop its spool.
  void release(const std::string& supervisor_id, const RunId& run, int attempt);
  /// Closes its link: it will connect anew and send again what is not acknowledged.
  void drop(const std::string& supervisor_id);
  /// Idle supervisors exit; busy ones stay.
  void quit_idle();

  bool is_attached(const std::string& supervisor_id) const { return links_.contains(supervisor_id); }
  std::size_t attached_count() const { return links_.size(); }
  /// Sorted.
  std::vector<std::string> attached_ids() const;

 private:
  struct Assignment {
    RunId run;
    int attempt = 0;
    std::uint64_t acked = 0;
    std::function<std::optional<protocol::StartMessage>()> start;
    std::optional<protocol::CancelMessage> cancel;
  };
  io::Task<Status> resume(std::shared_ptr<SupervisorLink> link, std::string supervisor_id, protocol::AttemptStatus current);
  io::Task<Status> received_records(std::shared_ptr<SupervisorLink> link, std::string supervisor_id, protocol::RecordsBatch batch);
  void send_assignment(const std::string& supervisor_id, const std::optional<protocol::AttemptStatus>& current);
  void acknowledge(const RunId& run, int attempt, std::uint64_t seq);
  const Assignment* assignment_of(const std::string& supervisor_id, const RunId& run, int attempt) const;
  SupervisorLink* link_of(const std::string& supervisor_id);
  std::string id_of(const std::shared_ptr<SupervisorLink>& link) const;

  HubOwner& owner_;
  Ingest& ingest_;
  std::string instance_;
  std::unordered_map<std::string, std::shared_ptr<SupervisorLink>> links_;
  std::unordered_map<std::string, int> versions_;  // of the protocol, that the linked ones speak
  std::unordered_map<std::string, Assignment> assignments_;
  std::unordered_map<RunId, std::string> supervisor_of_;  // of the assigned attempts
};

}  // namespace stoker::runs
