#pragma once
// What a store keeps open per run, with a bound on descriptors: OpenFiles<Entry> hands out shared entries by key and closes the least
// recently used. An entry that still owes something (can_forget() is false) is only closed, never dropped. Thread-safe.
//   struct Entry { bool can_forget() const; void close(); };   // called only while nobody else holds the entry

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/result.hpp"

namespace stoker::io {

/// `<root>/<2 hex>/<id>`, without a suffix: 256 folders, so that none grows beyond what `ls` can bear. An id that is too long for a file
/// name is cut and given a digest; one with characters other than letters, digits, `.`, `_` and `-` is refused.
Result<std::string> sharded_stem(const std::string& root, const std::string& id);

template <class Entry>
class OpenFiles {
 public:
  explicit OpenFiles(std::size_t most) : most_(most) {}

  /// The entry of `key`, made by `make()` (a shared_ptr) when there is none.
  template <class Make>
  std::shared_ptr<Entry> get(const std::string& key, Make make) {
    const std::lock_guard lock(mutex_);
    auto& slot = slots_[key];
    if (!slot.entry) slot.entry = make();
    if (slot.is_listed) recent_.splice(recent_.begin(), recent_, slot.at);
    else {
      recent_.push_front(key);
      slot.at = recent_.begin();
      slot.is_listed = true;
    }
    auto entry = slot.entry;
    shrink();
    return entry;
  }

  void forget(const std::string& key) {
    const std::lock_guard lock(mutex_);
    const auto found = slots_.find(key);
    if (found == slots_.end()) return;
    if (found->second.is_listed) recent_.erase(found->second.at);
    slots_.erase(found);
  }

  /// How many may have descriptors open now; for tests.
  std::size_t open_count() const {
    const std::lock_guard lock(mutex_);
    return recent_.size();
  }

 private:
  struct Slot {
    std::shared_ptr<Entry> entry;
    std::list<std::string>::iterator at;
    bool is_listed = false;
  };

  void shrink() {
    // Entries in use are passed over; a few steps each time are enough, since each call adds one entry at most.
    auto at = recent_.end();
    for (int steps = 0; recent_.size() > most_ && at != recent_.begin() && steps < 8; ++steps) {
      --at;
      auto& slot = slots_[*at];
      if (slot.entry.use_count() > 1) continue;
      const std::string key = *at;
      at = recent_.erase(at);
      slot.is_listed = false;
      if (slot.entry->can_forget()) slots_.erase(key);
      else slot.entry->close();
    }
  }

  const std::size_t most_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Slot> slots_;
  std::list<std::string> recent_;  // the most recent first; only entries that may be open
};

}  // namespace stoker::io
