#pragma once
// The background of a store: moves what lies in memory into the files of the runs when it is much or old, and lets the log go that is
// needed no more. While that fails (a full disk) nothing is lost: the log keeps the records, and writers are refused before memory runs out.

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "metrics/log.hpp"
#include "metrics/run_table.hpp"
#include "metrics/unindexed.hpp"

namespace stoker::metrics {

class Folding {
 public:
  Folding(Log& log, RunTable& runs, Unindexed& unindexed, std::size_t budget);
  ~Folding();

  /// Everything that was appended before.
  Status fold();
  /// Before something is appended: wakes the background where there is much, waits where there is too much, and says why it cannot go on.
  Status make_way();
  /// After something was appended.
  void start();
  /// Lets the log go as far as files and index have it.
  void release();
  /// While held, no run is folded.
  std::unique_lock<std::mutex> pause() { return std::unique_lock(fold_mutex_); }

 private:
  void work();

  Log& log_;
  RunTable& runs_;
  Unindexed& unindexed_;
  const std::size_t budget_;
  std::mutex fold_mutex_;
  std::mutex mutex_;  // all that follows
  std::condition_variable changed_;
  std::thread thread_;
  bool is_started_ = false;
  bool is_stopping_ = false;
  bool is_due_ = false;
  Position folded_ = 0;
  std::optional<Error> failure_;  // of the last fold
};

}  // namespace stoker::metrics
