#pragma once
// Reading what a scan found new: every such file is read once, hashed, and handed to the thread's outbox while it is still in memory.
// A file counts as read when its stat afterwards is the one it was found with; otherwise it is read again, at most three times.

#include <functional>
#include <vector>

#include "base/result.hpp"
#include "snapshots/source/builder.hpp"
#include "snapshots/source/scan.hpp"
#include "snapshots/store/outbox.hpp"

namespace stoker::snapshots {

struct HashTotals {
  std::atomic<std::uint64_t> files{0};
  std::atomic<std::uint64_t> bytes{0};
};

/// Sets the digest of every entry that is not known. Mistakes go to `mistakes`; an Error is the remote's, or of the process.
/// `tick` is called now and then from any of the threads. One thread for each outbox.
Status hash_files(Scan& scan, std::vector<Outbox>& outboxes, HashTotals& totals, MistakeList& mistakes, const std::function<void()>& tick);

}  // namespace stoker::snapshots
