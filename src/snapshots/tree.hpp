#pragma once
// A tree is one folder as an object: its entries sorted bytewise, subfolders by the digest of their own tree (FORMAT.md).
// One folder has exactly one encoding, so equal folders have equal digests.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "snapshots/object.hpp"

namespace stoker::snapshots {

enum class EntryKind : std::uint8_t { kFile = 1, kFolder = 2, kLink = 3 };

struct TreeEntry {
  EntryKind kind = EntryKind::kFile;
  bool executable = false;  // files only
  std::uint64_t size = 0;   // files only
  Digest object;            // files: content or list; folders: their tree; links: zero
  std::string_view name;    // borrowed
  std::string_view target;  // links only; borrowed
  FileRef ref() const { return {object, size}; }
};

/// Begins an encoding; entries follow in order by append_entry, then finish_tree.
std::string begin_tree();
void append_entry(std::string& tree, const TreeEntry& entry);
void finish_tree(std::string& tree, std::uint32_t entries);

/// Walks the entries of a checked encoding that outlives it.
class TreeView {
 public:
  /// kInvalidInput for anything that no builder writes: bad names, not sorted, twice the same, links that go up after going down …
  static Result<TreeView> parse(std::string_view bytes);
  std::uint32_t size() const { return count_; }
  /// False at the end.
  bool next(TreeEntry& entry);

 private:
  std::string_view rest_;
  std::uint32_t count_ = 0;
};

/// UTF-8, 1 to 255 bytes, no `/`, no NUL, not `.` or `..`.
bool is_entry_name(std::string_view name);
/// How many folders a link's target climbs (`../../data/x`: 2); -1 for one that is empty, absolute, too long, not UTF-8, or climbs after
/// descending. Only leading `..` are counted from the folder that holds the link, whatever other links there are: so a link
/// with a count not above its depth cannot leave the snapshot.
int climbs_of_link(std::string_view target);

}  // namespace stoker::snapshots
