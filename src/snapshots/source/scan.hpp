#pragma once
// Looking at a source folder: what is in it, what the ignore files leave out, what changed since the index was written, and all that
// no snapshot can hold. Reads directories, stats and links; no file's content except the ignore files'.

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "io/file.hpp"
#include "snapshots/source/mistake_list.hpp"
#include "snapshots/source/stat_index.hpp"

namespace stoker::snapshots {

struct ScanFolder {
  std::string path;  // relative; "" for the root
  std::uint32_t old = kNoFolder;
  unsigned depth = 0;
  bool is_clean = false;                // exactly as the index says, subfolders' content apart: `entries` and `names` stay empty
  std::vector<StatEntry> entries;       // sorted by name
  std::string names;                    // and the targets of links
  std::vector<std::uint32_t> children;  // numbers of the subfolders, in the order of the entries
  Digest tree;                          // set by the builder

  std::string_view name(const StatEntry& entry) const { return std::string_view(names).substr(entry.name_offset, entry.name_size); }
  std::string_view target(const StatEntry& entry) const { return std::string_view(names).substr(entry.folder, entry.size); }
  std::string path_of(std::string_view name) const { return path.empty() ? std::string(name) : path + "/" + std::string(name); }
};

struct Scan {
  io::Fd root;
  std::vector<std::string> left_out;  // folders below the root that are never entered; set before the scan
  std::deque<ScanFolder> folders;     // a folder stands before its subfolders; 0 is the root
  std::uint64_t files = 0;            // and links
  std::uint64_t bytes = 0;
  std::int64_t racy_limit_ns = 0;  // what changed at or after this cannot be believed the next time
};

/// `index` may be nullptr. Mistakes go to `mistakes`; an Error is returned only when the root itself cannot be read.
Status scan_source(const std::string& source, const StatIndex* index, unsigned threads, Scan& scan, MistakeList& mistakes);

}  // namespace stoker::snapshots
