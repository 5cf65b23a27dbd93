#pragma once
// From a scan whose files are all hashed to trees, from the deepest folders up. A folder that is as the index says keeps its digest
// unread; only new trees go into the outbox.

#include "base/result.hpp"
#include "snapshots/source/scan.hpp"
#include "snapshots/store/outbox.hpp"

namespace stoker::snapshots {

/// Sets ScanFolder::tree of every folder. kInputTooLarge for a folder whose tree would be over kMaxTree.
Status make_trees(Scan& scan, const StatIndex* index, Outbox& outbox);

}  // namespace stoker::snapshots
