#pragma once
// The way of journal records into the stores. Output and metrics are appended as they come (followers see them at once);
// one settler makes everything durable in rounds, a round for all attempts together, then acknowledges.
// Invariants: nothing is acknowledged before it is durable; a number is applied once; records of one attempt are applied in order.
// When a store fails nothing is acknowledged and the link is given up: the supervisor keeps its records and sends them again.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "catalog/catalog.hpp"
#include "io/task.hpp"
#include "logs/log_store.hpp"
#include "metrics/metric_store.hpp"
#include "protocol/record.hpp"
#include "runs/lifecycle.hpp"
#include "runs/run_feed.hpp"

namespace stoker::runs {

class Ledger;

class Ingest {
 public:
  struct Callbacks {
    std::function<void(const RunId&, int attempt, std::uint64_t seq)> durable;       // acknowledge it
    std::function<void(const RunId&, int attempt, const std::string& why)> give_up;  // close the link of this attempt
  };
  Ingest(io::Loop& loop, io::Pool& pool, const Clock& clock, Ledger& ledger, logs::LogStore& logs, metrics::MetricStore& metrics, RunFeed& feed);
  ~Ingest();
  void set_callbacks(Callbacks callbacks) { callbacks_ = std::move(callbacks); }
  void start();
  /// Settles what was received, then ends.
  io::Task<void> stop();

  /// Records of the attempt are expected after `acked`; what was received and not settled is forgotten (it comes again).
  void open(const RunId& run, int attempt, std::uint64_t acked);
  void close(const RunId& run);
  /// Appends; returns when followers can see it. kProtocol: not records, or a number is missing. Other errors: a store failed.
  io::Task<Status> take(RunId run, int attempt, std::string bytes);

 private:
  struct Attempt;
  struct Batch;
  io::Task<Status> append(std::shared_ptr<Attempt> attempt, std::shared_ptr<Batch> batch);
  io::Task<void> settle_forever();
  io::Task<void> settle(std::vector<std::shared_ptr<Attempt>> dirty);
  io::Task<void> settle_one(std::shared_ptr<Attempt> attempt, std::shared_ptr<std::size_t> left);
  Status sync(const std::vector<RunId>& runs);
  void fail(Attempt& attempt, const Error& error);

  io::Loop& loop_;
  io::Pool& pool_;
  const Clock& clock_;
  Ledger& ledger_;
  logs::LogStore& logs_;
  metrics::MetricStore& metrics_;
  RunFeed& feed_;
  Callbacks callbacks_;
  std::unordered_map<RunId, std::shared_ptr<Attempt>> attempts_;
  std::vector<std::shared_ptr<Attempt>> dirty_;
  io::Signal work_;
  io::Signal settled_;
  bool stopping_ = false;
  io::TaskGroup tasks_;
};

}  // namespace stoker::runs
