#pragma once
// The way of journal records into the stores. Output and metrics are appended as they come (followers see them at once), then
// made durable in rounds, one after another for an attempt, side by side for different ones; each round ends with its acknowledgement.
// Secret values are masked before they are stored.
// Invariants: nothing is acknowledged before it is durable; a number is applied once; records of one attempt are applied in order.
// When a store fails nothing is acknowledged and the link is given up: the supervisor keeps its records and sends them again.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.hpp"
#include "io/task.hpp"
#include "logs/log_store.hpp"
#include "metrics/metric_store.hpp"
#include "protocol/record.hpp"
#include "runs/lifecycle.hpp"
#include "runs/run_feed.hpp"
#include "runs/secrets/mask.hpp"

namespace stoker::runs {

class Ledger;
class Secrets;

class Ingest {
 public:
  struct Callbacks {
    std::function<void(const RunId&, int attempt, std::uint64_t seq)> durable;       // acknowledge it
    std::function<void(const RunId&, int attempt, const std::string& why)> give_up;  // close the link of this attempt
  };
  /// What takes the records that are not for the catalog.
  struct Stores {
    logs::LogStore& logs;
    metrics::MetricStore& metrics;
    metrics::MetricStore& samples;
  };
  Ingest(io::Loop& loop, io::Pool& pool, Ledger& ledger, Secrets& secrets, Stores stores, RunFeed& feed);
  ~Ingest();
  void set_callbacks(Callbacks callbacks) { callbacks_ = std::move(callbacks); }
  /// Ends when what was received is settled.
  io::Task<void> stop();

  /// Records of the attempt are expected after `acked`; what was received and not settled is forgotten (it comes again).
  void open(const RunId& run, int attempt, std::uint64_t acked);
  bool is_open(const RunId& run, int attempt) const;
  void close(const RunId& run);
  /// Appends; returns when followers can see it. kProtocol: not records, or a number is missing. Other errors: a store failed.
  io::Task<Status> take(RunId run, int attempt, std::string bytes);

 private:
  struct Attempt;
  /// The stores that have something new, not yet synced.
  struct Grown {
    bool log = false;
    metrics::Mark metrics, samples;
    bool any() const { return log || std::max(metrics, samples) > metrics::Mark{}; }
    void add(const Grown& other) {
      log |= other.log;
      metrics = std::max(metrics, other.metrics);
      samples = std::max(samples, other.samples);
    }
  };
  /// What one frame brought: records for the catalog, and what happened to the stores.
  struct Batch {
    std::vector<protocol::Record> records;
    std::uint64_t last = 0;  // 0: nothing new
    Grown grown;
  };
  Result<Batch> append(Attempt& attempt, std::uint64_t received, const std::string& bytes, const Mask& mask);
  Status write_log(Attempt& attempt, std::vector<protocol::Record>& records, const Mask& mask, bool& grew);
  Status sync(const RunId& run, const Grown& grown);
  io::Task<void> settle(std::shared_ptr<Attempt> attempt);
  io::Task<Status> settle_round(std::shared_ptr<Attempt> attempt);
  void give_up(Attempt& attempt, const Error& error);

  io::Pool& pool_;
  Ledger& ledger_;
  Secrets& secrets_;
  Stores stores_;
  RunFeed& feed_;
  Callbacks callbacks_;
  std::unordered_map<RunId, std::shared_ptr<Attempt>> attempts_;
  io::TaskGroup tasks_;
};

}  // namespace stoker::runs
