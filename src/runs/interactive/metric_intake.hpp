#pragma once
// Metrics that a client sends over the API. Group commit over all runs: calls that come while the disk works are appended together and
// share the next sync, so many callers cost little more than one. Nothing is answered before it is durable.

#include <memory>
#include <string>
#include <vector>

#include "metrics/metric_store.hpp"
#include "runs/run_feed.hpp"

namespace stoker::runs {

/// The `sequence`th call of a writer, which chose a name of its own. Without a writer: points that know by themselves what they are (MLflow's).
struct MetricCall {
  std::string writer;
  std::uint64_t sequence = 0;  // 1, 2, 3 …
  std::vector<MetricPoint> points;
};

class MetricIntake {
 public:
  MetricIntake(io::Loop& loop, io::Pool& pool, metrics::MetricStore& metrics, RunFeed& feed)
      : loop_(loop), pool_(pool), metrics_(metrics), feed_(feed), tasks_(loop, "runs") {}
  /// Ends when what was taken is settled.
  io::Task<void> stop() { co_await tasks_.join(); }

  /// On disk when it is ok. kConflict: a call of the writer is missing.
  io::Task<Status> take(RunId run, MetricCall call);

 private:
  struct Waiting {
    Waiting(io::Loop& loop, RunId run, MetricCall call) : run(std::move(run)), call(std::move(call)), settled(loop) {}
    RunId run;
    MetricCall call;
    Status status;
    bool is_settled = false;
    io::Signal settled;
  };
  using Round = std::vector<std::shared_ptr<Waiting>>;
  io::Task<void> drain();
  void store(Round& round);

  io::Loop& loop_;
  io::Pool& pool_;
  metrics::MetricStore& metrics_;
  RunFeed& feed_;
  Round next_;
  bool is_draining_ = false;
  io::TaskGroup tasks_;
};

}  // namespace stoker::runs
