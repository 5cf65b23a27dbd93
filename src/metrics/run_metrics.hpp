#pragma once
// The metrics of one run: what its file holds, the records that are not in it yet, and the numbers by which what is sent again is dropped.
// Used by MetricStore, which hands one out per run. Readers take a view and work outside the lock: a chart of a million points delays no writer.

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "metrics/log.hpp"
#include "metrics/metric_store.hpp"
#include "metrics/run_view.hpp"

namespace stoker::metrics {

class RunMetrics {
 public:
  /// Nothing is opened or read yet.
  RunMetrics(RunId run, std::string path) : run_(std::move(run)), path_(std::move(path)) {}
  const RunId& run() const { return run_; }

  /// Each gives where the last record of the run ends in the log, 0 when there is none to wait for.
  Result<Position> append(Log& log, int attempt, std::span<const NumberedPoint> points);
  Result<Position> append_call(Log& log, const std::string& writer, std::uint64_t sequence, std::span<const MetricPoint> points);
  Result<Position> append_points(Log& log, std::span<const MetricPoint> points);
  /// A record that the log had when it was opened.
  void replay(Position position, const RecordInfo& info, std::string_view payload);
  /// Forgets the records behind `durable`.
  void roll_back(Position durable);

  Result<std::uint64_t> last_call(const std::string& writer);
  Result<std::uint64_t> count();
  /// The points from `from_index` on.
  Result<RunView> view(std::uint64_t from_index = 0);
  Result<Position> remove(Log& log);
  Status remove_file();

  /// In bytes of memory: records that are not in the file.
  std::size_t unfolded() const { return unfolded_; }
  std::uint64_t last_used = 0;  // by the table of runs

 private:
  struct State {
    std::uint64_t attempt = 0;
    std::uint64_t last_seq = 0;
    std::map<std::string, std::uint64_t> calls;  // by writer, the last one
    std::uint64_t points = 0;
    void take(const RecordInfo& info);
  };
  Status load();
  Status load_file();
  Result<Position> store(Log& log, RecordInfo info, std::span<const MetricPoint* const> points);
  void add(Position position, const RecordInfo& info, std::string payload);
  void recount();

  const RunId run_;
  const std::string path_;
  std::mutex mutex_;  // all that follows
  bool is_loaded_ = false;
  State state_;                                        // valid while is_loaded_
  std::vector<std::shared_ptr<const Record>> legacy_;  // of a file of an older format; valid while is_loaded_
  std::vector<std::shared_ptr<const Record>> records_;
  Position removed_ = 0;  // what the file holds up to here is gone
  std::atomic<std::size_t> unfolded_ = 0;
};

}  // namespace stoker::metrics
