#pragma once
// The runs that are known in memory: those with records that are in no file yet, and some that were used last. Thread-safe.

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/open_files.hpp"
#include "metrics/run_metrics.hpp"

namespace stoker::metrics {

class RunTable {
 public:
  RunTable(std::string directory, std::size_t most) : directory_(std::move(directory)), most_(most), sweep_at_(2 * most) {}

  Result<std::shared_ptr<RunMetrics>> get(const RunId& run) {
    const std::lock_guard lock(mutex_);
    auto found = runs_.find(run);
    if (found == runs_.end()) {
      TRY(const auto stem, io::sharded_stem(directory_, run.text()));
      if (runs_.size() >= sweep_at_) sweep();
      found = runs_.emplace(run, std::make_shared<RunMetrics>(run, stem + ".metrics", memory_)).first;
    }
    found->second->last_used = ++clock_;
    return found->second;
  }
  std::vector<std::shared_ptr<RunMetrics>> all() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::shared_ptr<RunMetrics>> all;
    for (const auto& [run, metrics] : runs_) all.push_back(metrics);
    return all;
  }
  /// Bytes of the records that are in no file yet.
  std::size_t memory() const { return memory_; }
  /// Leaves the runs that have records or are in use, and of the others those used last.
  void shrink() {
    const std::lock_guard lock(mutex_);
    sweep();
  }

 private:
  void sweep() {
    std::vector<std::uint64_t> idle;
    for (const auto& [run, metrics] : runs_) {
      if (can_go(metrics)) idle.push_back(metrics->last_used);
    }
    if (idle.size() > most_) {
      std::ranges::nth_element(idle, idle.end() - static_cast<std::ptrdiff_t>(most_));
      const auto oldest = *(idle.end() - static_cast<std::ptrdiff_t>(most_));
      std::erase_if(runs_, [&](const auto& entry) { return can_go(entry.second) && entry.second->last_used < oldest; });
    }
    sweep_at_ = 2 * std::max(most_, runs_.size());
  }
  static bool can_go(const std::shared_ptr<RunMetrics>& metrics) { return metrics.use_count() == 1 && metrics->unfolded() == 0; }

  const std::string directory_;
  const std::size_t most_;
  std::atomic<std::size_t> memory_ = 0;
  mutable std::mutex mutex_;
  std::unordered_map<RunId, std::shared_ptr<RunMetrics>> runs_;
  std::uint64_t clock_ = 0;
  std::size_t sweep_at_;
};

}  // namespace stoker::metrics
