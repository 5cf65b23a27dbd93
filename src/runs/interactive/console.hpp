#pragma once
// The output of interactive runs, which their clients send by REST. One writer at a time writes a run's output: it gets a number that is higher
// than that of any before, and gives each byte its place, so that what is sent twice is there once. The log knows writers as attempts.
// Group commit over all runs, as in MetricIntake. Single loop.

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "runs/run_feed.hpp"
#include "runs/secrets/masked_output.hpp"

namespace stoker::runs {

class Secrets;

/// Output of a writer; the offsets of its pieces follow each other without a gap.
struct ConsoleCall {
  std::uint32_t writer = 0;
  std::vector<OutputPiece> pieces;
};

class Console {
 public:
  Console(io::Loop& loop, io::Pool& pool, const Clock& clock, logs::LogStore& logs, Secrets& secrets, RunFeed& feed)
      : loop_(loop), pool_(pool), clock_(clock), logs_(logs), secrets_(secrets), feed_(feed), tasks_(loop, "runs") {}
  /// Ends when what was taken is settled.
  io::Task<void> stop() { co_await tasks_.join(); }

  /// The number of a new writer. Those before it are refused from its first byte on.
  io::Task<Result<std::uint32_t>> open(RunId run);
  /// On disk when it is ok. kConflict: a newer writer has begun, or bytes are missing before these.
  io::Task<Status> take(RunId run, ConsoleCall call);
  void forget(const RunId& run) { live_.erase(run); }

 private:
  /// What is known of a run's output; lost with the server, and made again from the log.
  struct Live {
    std::uint32_t handed = 0;  // the newest writer's number
    std::uint32_t writer = 0;  // whose bytes the trails are of
    Trails trails;             // threads of the pool, one at a time
  };
  struct Waiting {
    Waiting(io::Loop& loop, RunId run, ConsoleCall call) : run(std::move(run)), call(std::move(call)), settled(loop) {}
    RunId run;
    ConsoleCall call;
    std::shared_ptr<Live> live;
    std::shared_ptr<const Mask> mask;
    Status status;
    bool is_settled = false;
    io::Signal settled;
  };
  using Round = std::vector<std::shared_ptr<Waiting>>;
  std::shared_ptr<Live> live_of(const RunId& run);
  io::Task<void> drain();
  void store(Round& round);
  Status append(Waiting& waiting);

  io::Loop& loop_;
  io::Pool& pool_;
  const Clock& clock_;
  logs::LogStore& logs_;
  Secrets& secrets_;
  RunFeed& feed_;
  std::unordered_map<RunId, std::shared_ptr<Live>> live_;
  Round next_;
  bool is_draining_ = false;
  io::TaskGroup tasks_;
};

}  // namespace stoker::runs
