#pragma once
// Brings kept output to the server from a thread of its own: output in order by offset, the environment once, heartbeats, and the run's end last.
// With the server away it tries again until `give_up_after`; nothing of this is ever waited for by the program.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/json.hpp"
#include "client/client.hpp"
#include "client/console/spool.hpp"

namespace stoker::client {

struct ConsoleWork {
  RunId run;
  std::function<Result<Client>()> connect;
  std::uint32_t writer = 0;                                    // of an earlier process of this session; 0: none yet
  std::function<Status(std::uint32_t)> keep_writer;            // before its first byte goes out
  std::function<json::object()> environment;                   // what the program runs in; empty: somebody else tells it
  bool beats = false;                                          // the run is ours: heartbeats
  std::function<void()> canceled;                              // somebody canceled the run
  std::function<void()> delivered;                             // after finish(): all is with the server; in the sender's thread
  std::function<void(std::string_view)> say;                   // one line of talk
  std::chrono::seconds give_up_after = std::chrono::hours(1);  // of silence, once the program has ended
};

class ConsoleSender {
 public:
  ConsoleSender(ConsoleSpool& spool, ConsoleWork work);
  ~ConsoleSender();

  /// There is more in the spool.
  void grew();
  /// Calls `then` from the sender's thread once all that is in the spool now is with the server, or refused by it for good.
  void when_delivered(std::function<void()> then);
  /// Nothing more comes. `end`: the body of POST /runs/{run}/end, nullopt: the run's end is somebody else's.
  void finish(std::optional<json::value> end);
  /// True when all is with the server, or was refused by it for good.
  bool join();

 private:
  enum class Step { kDone, kMore, kIdle };
  void work();
  void wait(std::chrono::milliseconds pause);
  Result<Step> step();
  Status send_output();
  Status beat();
  Result<json::object> post(std::string_view verb, const json::value& body);
  bool is_delivered() const { return is_refused_ || position_ == spool_.size(); }

  ConsoleSpool& spool_;
  ConsoleWork work_;
  std::optional<Client> client_;
  std::uint64_t position_ = 0;  // in the spool: acknowledged
  std::uint64_t offset_ = 0;    // the same in bytes of output
  bool is_refused_ = false;     // output is not taken any more
  bool has_environment_ = false;
  std::chrono::steady_clock::time_point next_beat_;

  std::mutex mutex_;  // all that follows
  std::condition_variable changed_;
  bool is_awake_ = true;
  bool is_finishing_ = false;
  std::optional<json::value> end_;
  std::function<void()> then_;
  std::uint64_t then_at_ = 0;
  bool all_delivered_ = false;  // read after the thread's end
  std::thread thread_;
};

}  // namespace stoker::client
