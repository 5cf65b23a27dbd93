#include "snapshots/source/tree_building.hpp"

#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "snapshots/chunk_list.hpp"
#include "snapshots/tree.hpp"

namespace stoker::snapshots {
namespace {

class TreeBuilding {
 public:
  TreeBuilding(Scan& scan, const StatIndex* index, Outbox& outbox) : scan_(scan), index_(index), outbox_(outbox) {}
  Status make(ScanFolder& folder);

 private:
  bool is_as_before(const ScanFolder& folder) const;
  std::string encode(const ScanFolder& folder) const;
  Result<std::string> encode_clean(const ScanFolder& folder) const;
  void append(std::string& tree, const StatEntry& entry, std::string_view name, std::string_view target, Digest child) const;
  Result<Digest> store(const std::string& tree, const Digest* before);

  Scan& scan_;
  const StatIndex* index_;
  Outbox& outbox_;
};

Status TreeBuilding::make(ScanFolder& folder) {
  const Digest* before = folder.old == kNoFolder ? nullptr : &index_->folder(folder.old).tree;
  if (is_as_before(folder)) {
    folder.tree = *before;
    return ok();
  }
  std::string tree;
  if (folder.is_clean) {
    TRY(tree, encode_clean(folder));
  } else {
    tree = encode(folder);
  }
  if (tree.size() > kMaxTree) return Error(ErrorCode::kInputTooLarge, fmt::format("the folder \"{}\" holds too many files", folder.path));
  TRY(folder.tree, store(tree, before));
  return ok();
}

bool TreeBuilding::is_as_before(const ScanFolder& folder) const {
  if (!folder.is_clean) return false;
  std::size_t child = 0;
  for (const StatEntry& entry : folder.children.empty() ? std::span<const StatEntry>() : index_->entries(folder.old)) {
    if (entry.kind != EntryKind::kFolder) continue;
    if (scan_.folders[folder.children[child++]].tree != index_->folder(entry.folder).tree) return false;
  }
  return true;
}

void TreeBuilding::append(std::string& tree, const StatEntry& entry, std::string_view name, std::string_view target, Digest child) const {
  const bool is_file = entry.kind == EntryKind::kFile;
  append_entry(tree, {entry.kind, is_file && (entry.mode & 0111) != 0, is_file ? entry.size : 0, is_file ? entry.digest : child, name, target});
}

std::string TreeBuilding::encode(const ScanFolder& folder) const {
  std::string tree = begin_tree();
  std::size_t child = 0;
  for (const StatEntry& entry : folder.entries) {
    const bool is_folder = entry.kind == EntryKind::kFolder;
    const std::string_view target = entry.kind == EntryKind::kLink ? folder.target(entry) : std::string_view();
    append(tree, entry, folder.name(entry), target, is_folder ? scan_.folders[folder.children[child++]].tree : Digest{});
  }
  finish_tree(tree, static_cast<std::uint32_t>(folder.entries.size()));
  return tree;
}

/// A subfolder's content changed: the entries are the index's, the links' targets are read again.
Result<std::string> TreeBuilding::encode_clean(const ScanFolder& folder) const {
  std::string tree = begin_tree();
  std::size_t child = 0;
  for (const StatEntry& entry : index_->entries(folder.old)) {
    const std::string_view name = index_->name(folder.old, entry);
    const bool is_folder = entry.kind == EntryKind::kFolder;
    char target[kMaxPath];
    std::size_t target_size = 0;
    if (entry.kind == EntryKind::kLink) {
      const std::string path = folder.path_of(name);
      const ssize_t size = ::readlinkat(scan_.root.get(), path.c_str(), target, sizeof target);
      if (size < 0 || static_cast<std::uint64_t>(size) != entry.size) {
        return Error(ErrorCode::kSourceInvalid, fmt::format("{} changed while the snapshot was taken", path)).hint("try again").retryable();
      }
      target_size = static_cast<std::size_t>(size);
    }
    append(tree, entry, name, {target, target_size}, is_folder ? scan_.folders[folder.children[child++]].tree : Digest{});
  }
  finish_tree(tree, static_cast<std::uint32_t>(index_->entries(folder.old).size()));
  return tree;
}

/// The digest that folders refer to: of the tree, or of the list of its chunks when it is too large for one object.
Result<Digest> TreeBuilding::store(const std::string& tree, const Digest* before) {
  if (tree.size() <= kMaxObject) {
    const Digest digest = sha256(tree);
    if (before == nullptr || *before != digest) CHECK_OK(outbox_.add_copy(digest, ObjectKind::kTree, tree));
    return digest;
  }
  std::vector<Digest> chunks;
  for (std::size_t at = 0; at < tree.size(); at += kChunk) {
    const std::string_view chunk = std::string_view(tree).substr(at, kChunk);
    chunks.push_back(sha256(chunk));
    CHECK_OK(outbox_.add_copy(chunks.back(), ObjectKind::kBlob, chunk));
  }
  const std::string list = encode_chunk_list(tree.size(), chunks);
  CHECK_OK(outbox_.add_copy(sha256(list), ObjectKind::kList, list));
  return sha256(list);
}

}  // namespace

Status make_trees(Scan& scan, const StatIndex* index, Outbox& outbox) {
  TreeBuilding building(scan, index, outbox);
  for (auto folder = scan.folders.rbegin(); folder != scan.folders.rend(); ++folder) CHECK_OK(building.make(*folder));
  return ok();
}

}  // namespace stoker::snapshots
