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

/// What a record adds to what was stored of whom.
void take_record(RunState& state, const RecordInfo& info);

class RunMetrics {
 public:
  /// Nothing is opened or read yet.
  RunMetrics(RunId run, std::string path, std::atomic<std::size_t>& memory) : run_(std::move(run)), path_(std::move(path)), memory_(memory) {}
  ~RunMetrics() { memory_ -= unfolded_; }
  RunMetrics(const RunMetrics&) = delete;
  RunMetrics& operator=(const RunMetrics&) = delete;
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
  /// Puts the removal into the log; 0 when there is nothing. Once that is durable, the rest.
  Result<Position> begin_removal(Log& log);
  Status finish_removal(Position removed);
  /// Moves the records up to `durable` into the file. One thread at a time, and not while it is removed.
  Status fold(Position durable);

  /// In bytes of memory: records that are not in the file.
  std::size_t unfolded() const { return unfolded_; }
  std::uint64_t last_used = 0;  // by the table of runs

 private:
  struct State : RunState {
    std::uint64_t points = 0;
    void take(const RecordInfo& info);
  };
  Status load();
  Status load_file();
  Status remove_file();
  Result<RunBytes> open_bytes() const;
  /// All that is folded or not behind `durable`.
  Result<RunView> view_of(Position durable) const;
  Status publish(const std::string& written, Position upto);
  Status sync_folder();
  Result<Position> store(Log& log, RecordInfo info, std::span<const MetricPoint* const> points);
  void add(Position position, const RecordInfo& info, std::string payload);
  void recount();
  void account(std::size_t unfolded);

  const RunId run_;
  const std::string path_;
  std::mutex mutex_;  // all that follows
  bool is_loaded_ = false;
  State state_;                                        // valid while is_loaded_
  std::shared_ptr<const FoldedRun> folded_;            // null: no file of this format; valid while is_loaded_
  std::vector<std::shared_ptr<const Record>> legacy_;  // of a file of an older format; valid while is_loaded_
  std::vector<std::shared_ptr<const Record>> records_;
  Position removed_ = 0;                        // what the file holds up to here is gone
  std::atomic<bool> must_sync_folder_ = false;  // the file's name is not on the disk yet
  std::atomic<std::size_t> unfolded_ = 0;
  std::atomic<std::size_t>& memory_;  // the same of all runs together
};

}  // namespace stoker::metrics
