#pragma once
// What an attempt needs from the network side of the supervisor: its snapshot, the uploads of its special folders, the socket of its
// script. An attempt gets one of each, made for it, and destroys them when it is released. All run on the one loop.
// With the server away they wait and try again; only cancellation of the awaiting coroutine ends them early.

#include <functional>
#include <memory>
#include <string>

#include "io/task.hpp"
#include "protocol/messages.hpp"
#include "supervisor/journal/journal.hpp"
#include "supervisor/journal/spool.hpp"
#include "supervisor/link/server_address.hpp"

namespace stoker::supervisor {

/// Everything that a service may use; all outlive it.
struct AttemptContext {
  const protocol::StartMessage& start;
  const Spool& spool;
  Journal& journal;
  io::Loop& loop;
  io::Pool& pool;
  const ServerAddress* address = nullptr;  // nullptr: it never moves
};

class SnapshotSource {
 public:
  virtual ~SnapshotSource() = default;
  /// Materialises `start.spec.snapshot` (it is there) in spool.work(). Errors are final: corrupt, forbidden, disk full.
  virtual io::Task<Status> fetch() = 0;
};

class Uploads {
 public:
  virtual ~Uploads() = default;
  /// Begins to send new and changed files of work/outputs and work/logs in the background, a FileRecord for each.
  virtual void begin() = 0;
  /// Final scan after the last process is gone: ends when all files of both folders are at the server and in the journal.
  /// Also the only call for a recovered attempt.
  virtual io::Task<Status> finish() = 0;
  /// The attempt is dropped: ends what runs, sends nothing more.
  virtual io::Task<void> stop() = 0;
};

class ScriptSocket {
 public:
  virtual ~ScriptSocket() = default;
  /// Listens; the result is the value of STOKER_SOCKET.
  virtual Result<std::string> open() = 0;
  /// All processes are gone: reads what they have sent, then closes and removes the socket.
  virtual io::Task<void> drain() = 0;
  /// The attempt is dropped: closes at once.
  virtual io::Task<void> stop() = 0;
};

struct AttemptServices {
  std::unique_ptr<SnapshotSource> snapshot;
  std::unique_ptr<Uploads> uploads;
  std::unique_ptr<ScriptSocket> socket;
};
using ServicesFactory = std::function<AttemptServices(const AttemptContext&)>;

}  // namespace stoker::supervisor
