#pragma once
// The inside of ObjectStore: the packs and their tables. Locks are taken in this order: syncing_, appending_, state_; indexing_ alone.
// An object is visible once it is written; whoever reports success calls sync() first, which covers all that was written before.
// After a failed sync nobody knows what reached the disk: those objects are forgotten, the epoch rises, and every upload that
// began before fails.

#include <atomic>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "io/file.hpp"
#include "snapshots/store/object_store.hpp"
#include "snapshots/store/pack.hpp"
#include "snapshots/store/pack_file.hpp"
#include "snapshots/store/pack_index.hpp"

namespace stoker::snapshots {

/// What commit() has found out about a tree that is complete.
struct TreeFacts {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;
  unsigned height = 0;      // folders inside each other, this one included
  int climbs = 0;           // how far the farthest link reaches above this folder; 0: none does
  bool is_complete = true;  // nothing below is missing
};

using SharedFrame = std::shared_ptr<const std::string>;

/// Uncompressed frames used last. Safe from many threads.
class FrameCache {
 public:
  explicit FrameCache(std::size_t capacity) : capacity_(capacity) {}
  SharedFrame find(const Location& location);
  void add(const Location& location, SharedFrame raw);

 private:
  struct Item {
    std::uint64_t key;
    SharedFrame raw;
  };
  std::mutex mutex_;
  std::list<Item> items_;  // the last used first; a handful, so searched one by one
  std::size_t capacity_;
  std::size_t held_ = 0;
};

/// The pack that frames are appended to.
struct OpenPack {
  std::uint32_t number = 0;
  std::shared_ptr<io::Fd> fd;
  std::uint64_t end = 0;      // appended up to here
  bool is_abandoned = false;  // a write or sync failed in a way that leaves its tail in doubt
  std::shared_ptr<LocationTable> table = std::make_shared<LocationTable>();
};

/// A full pack whose table is still in memory only.
struct SealedPack {
  std::uint32_t number;
  std::shared_ptr<const LocationTable> table;
};

struct ObjectStore::Impl {
  Impl(std::string directory, StoreOptions options)
      : directory(std::move(directory)), packs_directory(this->directory + "/packs"), options(options) {}

  // store_open.cpp
  Status open();
  Status check_format();
  Status open_indexes(const std::vector<std::string>& names);
  Status open_packs(const std::vector<std::string>& names);
  Status reopen_last_pack(std::uint32_t number, PackScan scan);

  // store_append.cpp
  Status append(const EncodedFrame& frame);
  Status append_frames(std::string frames);  // several, encoded, one behind the other
  Status sync();
  Status rotate();
  Status start_pack(std::uint32_t number);
  Status write_locked(const EncodedFrame& frame);
  void forget_unsynced();
  void index_sealed_packs();
  Status index_one(const SealedPack& sealed);
  void merge_small_indexes();
  bool must_rotate() const;

  // store_read.cpp
  std::optional<Location> locate(const Digest& digest) const;
  Result<std::shared_ptr<io::Fd>> pack_fd(std::uint32_t number);
  Result<SharedFrame> raw_frame(const Location& location, FrameCache& cache);
  Result<std::string> get(const Digest& digest, FrameCache& cache);
  Result<std::string> get_tree(const Digest& digest, FrameCache& cache);
  void mark_damaged(const Digest& digest);

  const std::string directory;
  const std::string packs_directory;
  const StoreOptions options;

  std::mutex syncing_;
  std::uint32_t synced_pack_ = 0;  // under syncing_ and state_ both for writing
  std::uint64_t synced_end_ = 0;
  std::atomic<std::uint64_t> epoch_{0};

  std::mutex appending_;
  std::mutex indexing_;

  mutable std::shared_mutex state_;
  std::optional<OpenPack> open_pack_;
  std::uint32_t last_pack_ = 0;
  std::vector<SealedPack> sealed_;                         // no index on disk yet; oldest first
  std::vector<std::shared_ptr<const PackIndex>> indexes_;  // oldest first
  std::unordered_set<Digest> damaged_;                     // found so on reading: they count as missing, so that they are sent again

  FrameCache cache_{4U << 20};
  std::mutex fds_mutex_;
  std::map<std::uint32_t, std::shared_ptr<io::Fd>> fds_;

  std::mutex closed_mutex_;
  std::unordered_map<Digest, TreeFacts> closed_;  // trees known to be complete; nothing is ever removed from a store
};

}  // namespace stoker::snapshots
