#pragma once
// Where objects lie: sorted tables on disk, mapped and searched in place, so that a store of any size needs little memory.
// A table covers a range of packs and is never changed; neighbours of similar size are merged, so there are only O(log n) of them.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "base/result.hpp"
#include "snapshots/object.hpp"

namespace stoker::snapshots {

struct Location {
  std::uint32_t pack = 0;
  std::uint32_t frame_offset = 0;  // of the frame's head in the pack file
  std::uint32_t raw_offset = 0;    // in the uncompressed frame
  std::uint32_t kind_and_size = 0;
  std::uint32_t size() const { return kind_and_size & 0xFFFFFF; }
  ObjectKind kind() const { return static_cast<ObjectKind>(kind_and_size >> 24); }
  friend bool operator==(const Location&, const Location&) = default;
};

struct IndexRow {
  Digest digest;
  Location location;
};
static_assert(sizeof(IndexRow) == 48);

using LocationTable = std::unordered_map<Digest, Location>;

class PackIndex {
 public:
  /// kSnapshotCorrupt for a damaged file (it can be made again from the packs), kDataFormat for a newer one.
  static Result<std::shared_ptr<const PackIndex>> open(const std::string& path);
  ~PackIndex();
  PackIndex(const PackIndex&) = delete;
  PackIndex& operator=(const PackIndex&) = delete;

  std::optional<Location> find(const Digest& digest) const;
  std::span<const IndexRow> rows() const { return rows_; }
  std::uint32_t first_pack() const { return first_pack_; }
  std::uint32_t last_pack() const { return last_pack_; }
  const std::string& path() const { return path_; }
  bool covers(const PackIndex& other) const { return first_pack_ <= other.first_pack_ && other.last_pack_ <= last_pack_; }

 private:
  PackIndex() = default;
  std::string path_;
  void* map_ = nullptr;
  std::size_t map_size_ = 0;
  std::span<const IndexRow> rows_;
  std::uint32_t first_pack_ = 0;
  std::uint32_t last_pack_ = 0;
};

/// `<first>-<last>.idx`, eight digits each.
std::string index_name(std::uint32_t first_pack, std::uint32_t last_pack);
/// Durable; an existing file is replaced.
Status write_index(const std::string& folder, std::uint32_t pack, const LocationTable& table);
/// Both neighbours, `newer` winning where both know an object.
Status merge_indexes(const std::string& folder, const PackIndex& older, const PackIndex& newer);

}  // namespace stoker::snapshots
