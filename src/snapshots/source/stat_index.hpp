#pragma once
// What the last snapshot of a source folder saw: each file's stat and digest, each folder's tree. Mapped, not read; a cache, so any
// doubt about it (checksum, version, other folder, other server) makes it count as absent. Layout in FORMAT.md.
// As in git, an entry changed so shortly before it was hashed that a later change could have the same times is not believed ("racy").

#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"
#include "io/file.hpp"
#include "snapshots/tree.hpp"

namespace stoker::snapshots {

inline constexpr std::uint32_t kNoFolder = 0xFFFFFFFF;

struct StatEntry {
  static constexpr std::uint8_t kRacy = 1;   // on disk: hash it again
  static constexpr std::uint8_t kKnown = 2;  // in memory: `digest` is that of the content

  Digest digest;  // files: FileRef::object
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  std::uint32_t mode = 0;
  std::uint32_t name_offset = 0;
  std::uint32_t folder = kNoFolder;  // subfolders: their number. Links, in memory: where the target lies
  std::uint16_t name_size = 0;
  EntryKind kind = EntryKind::kFile;
  std::uint8_t flags = 0;

  void set_stat(const struct stat& info);
  bool same_stat(const StatEntry& other) const;
  bool is_known() const { return (flags & kKnown) != 0; }
  /// Changed at or after `limit_ns`.
  bool is_newer_than(std::int64_t limit_ns) const { return std::max(mtime_ns, ctime_ns) >= limit_ns; }
};
static_assert(sizeof(StatEntry) == 88);

struct StatFolder {
  Digest tree;
  std::uint64_t first_entry = 0;
  std::uint64_t name_base = 0;  // name_offset of its entries counts from here
  std::uint32_t entries = 0;
  std::uint32_t unused = 0;
};
static_assert(sizeof(StatFolder) == 56);

class StatIndex {
 public:
  /// nullptr unless there is a sound one with this key.
  static std::unique_ptr<const StatIndex> open(const std::string& path, const Digest& key);
  ~StatIndex();
  StatIndex(const StatIndex&) = delete;
  StatIndex& operator=(const StatIndex&) = delete;

  const StatFolder& folder(std::uint32_t number) const { return folders_[number]; }
  /// Sorted by name.
  std::span<const StatEntry> entries(std::uint32_t number) const { return entries_.subspan(folders_[number].first_entry, folders_[number].entries); }
  std::string_view name(std::uint32_t number, const StatEntry& entry) const {
    return names_.substr(folders_[number].name_base + entry.name_offset, entry.name_size);
  }

 private:
  StatIndex() = default;
  bool parse(std::string_view bytes, const Digest& key);
  bool is_sound() const;
  void* map_ = nullptr;
  std::size_t map_size_ = 0;
  std::span<const StatEntry> entries_;
  std::span<const StatFolder> folders_;
  std::string_view names_;
};

/// Written folder by folder, then named at once; not synced, since the checksum tells.
class StatIndexWriter {
 public:
  explicit StatIndexWriter(std::string path) : path_(std::move(path)), temporary_(path_ + ".tmp") {}
  ~StatIndexWriter();
  StatIndexWriter(const StatIndexWriter&) = delete;
  StatIndexWriter& operator=(const StatIndexWriter&) = delete;
  Status begin();
  /// Folders come in the order of their numbers; `names` is what name_offset points into.
  Status add_folder(const Digest& tree, std::span<const StatEntry> entries, std::string_view names);
  Status finish(const Digest& key);

 private:
  Status write(std::string_view bytes);
  std::string path_;
  std::string temporary_;
  io::Fd fd_;
  std::uint32_t crc_ = 0;
  std::uint64_t entries_ = 0;
  std::string names_;
  std::vector<StatFolder> folders_;
  std::string buffer_;
};

}  // namespace stoker::snapshots
