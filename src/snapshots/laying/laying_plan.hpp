#pragma once
// Used by materialize: from the trees at a pack's start to what is to be written where.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "snapshots/object.hpp"
#include "snapshots/tree.hpp"

namespace stoker::snapshots {

inline constexpr std::uint64_t kMaxTreesInMemory = 1ULL << 30;  // all trees and lists of one pack

/// One place where an object's bytes belong.
struct Place {
  Digest object;
  std::uint32_t folder = 0;
  std::uint16_t name_size = 0;
  bool executable = false;
  bool is_chunk = false;       // the file exists already; the bytes go to `offset`
  const char* name = nullptr;  // in a tree that is kept
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
  std::string_view text() const { return {name, name_size}; }
};

struct Link {
  std::uint32_t folder;
  std::string_view name;
  std::string_view target;
};

/// What the trees say is to be made. The folders exist when it is done, files and links do not.
class LayingPlan {
 public:
  explicit LayingPlan(int root_fd) : root_fd_(root_fd) {}
  void keep(const Digest& digest, std::string_view bytes) { objects_.emplace(digest, bytes); }
  Status make(const Digest& root);
  std::span<const Place> places_of(const Digest& object) const;

  std::vector<std::string> folders{""};
  std::vector<Place> places;  // sorted by object
  std::vector<Link> links;
  SnapshotInfo info;

 private:
  Status add_tree(const Digest& tree, std::uint32_t folder, unsigned depth);
  Status add_folder(const TreeEntry& entry, std::uint32_t folder, unsigned depth);
  Status add_file(const TreeEntry& entry, std::uint32_t folder);
  Result<std::string_view> tree_bytes(const Digest& tree);
  Result<std::string_view> object(const Digest& digest) const;

  int root_fd_;
  std::unordered_map<Digest, std::string> objects_;
  std::unordered_map<Digest, std::string> joined_;  // trees that came in chunks
  std::uint64_t entries_ = 0;
};

/// kProtocol: the stream is no snapshot.
Error bad_stream(std::string what);
std::string join_path(const std::string& folder, std::string_view name);

}  // namespace stoker::snapshots
