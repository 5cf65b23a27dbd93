#pragma once
// Which runs an index of the latest values does not know yet, and since when: the log keeps its records from there on. Thread-safe.

#include <algorithm>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "domain/ids.hpp"
#include "metrics/segment.hpp"

namespace stoker::metrics {

class Unindexed {
 public:
  void add(const RunId& run, Position position) {
    const std::lock_guard lock(mutex_);
    const auto [at, is_new] = runs_.try_emplace(run, Since{position, 0, 0});
    at->second.newest = std::max(at->second.newest, position);
  }
  std::vector<RunId> take(std::size_t limit) {
    const std::lock_guard lock(mutex_);
    std::vector<RunId> taken;
    for (auto& [run, since] : runs_) {
      if (taken.size() == limit) break;
      since.taken = since.newest;
      taken.push_back(run);
    }
    return taken;
  }
  void settle(std::span<const RunId> runs) {
    const std::lock_guard lock(mutex_);
    for (const auto& run : runs) {
      const auto found = runs_.find(run);
      if (found == runs_.end() || found->second.taken == 0) continue;
      if (found->second.newest == found->second.taken) runs_.erase(found);
      else found->second.oldest = found->second.taken + 1;
    }
  }
  void forget(const RunId& run) {
    const std::lock_guard lock(mutex_);
    runs_.erase(run);
  }
  /// Everything up to here is indexed.
  Position settled() const {
    const std::lock_guard lock(mutex_);
    Position settled = ~Position{0};
    for (const auto& [run, since] : runs_) settled = std::min(settled, since.oldest - 1);
    return settled;
  }

 private:
  struct Since {
    Position oldest = 0;  // first record that is not indexed
    Position newest = 0;
    Position taken = 0;  // newest when it was handed out; 0: never
  };
  mutable std::mutex mutex_;
  std::unordered_map<RunId, Since> runs_;
};

}  // namespace stoker::metrics
