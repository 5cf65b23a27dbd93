// Snapshots as trees: is one complete and sane, what is in it, how two differ.

#include <algorithm>

#include <fmt/format.h>

#include "snapshots/chunk_list.hpp"
#include "snapshots/store/store_impl.hpp"
#include "snapshots/tree.hpp"

namespace stoker::snapshots {
namespace {

constexpr std::size_t kTreeCache = 16U << 20;
constexpr std::size_t kClosedTrees = 1U << 16;

Error refused(std::string what) { return Error(ErrorCode::kInvalidInput, fmt::format("this snapshot is refused: {}", what)); }

/// Visits each distinct tree once, so a tree that refers to one folder many times costs no more than its objects.
class ClosureCheck {
 public:
  ClosureCheck(ObjectStore::Impl& store) : store_(store) {}
  Result<TreeFacts> check(const Digest& tree, unsigned depth);
  std::uint64_t missing() const { return missing_; }
  std::unordered_map<Digest, TreeFacts>& seen() { return seen_; }

 private:
  std::optional<TreeFacts> known(const Digest& tree);
  Status add_folder(const TreeEntry& entry, unsigned depth, TreeFacts& facts);
  Status add_file(const TreeEntry& entry, TreeFacts& facts);
  Result<bool> has_file(const FileRef& file);
  Result<bool> has_object(const Digest& digest, std::uint64_t size);

  ObjectStore::Impl& store_;
  FrameCache cache_{kTreeCache};
  std::unordered_map<Digest, TreeFacts> seen_;
  std::uint64_t missing_ = 0;
};

std::optional<TreeFacts> ClosureCheck::known(const Digest& tree) {
  if (const auto found = seen_.find(tree); found != seen_.end()) return found->second;
  const std::lock_guard lock(store_.closed_mutex_);
  if (const auto found = store_.closed_.find(tree); found != store_.closed_.end()) return found->second;
  return std::nullopt;
}

Result<TreeFacts> ClosureCheck::check(const Digest& tree, unsigned depth) {
  if (const auto facts = known(tree)) return *facts;
  if (depth > kMaxDepth) return refused(fmt::format("more than {} folders inside each other", kMaxDepth));
  TreeFacts facts;
  facts.height = 1;
  auto bytes = store_.get_tree(tree, cache_);
  if (!bytes && bytes.error().code() == ErrorCode::kNotFound) {
    ++missing_;
    facts.is_complete = false;
    return facts;
  }
  if (!bytes) return std::move(bytes).error();
  TRY(TreeView view, TreeView::parse(*bytes));
  for (TreeEntry entry; view.next(entry);) {
    ++facts.entries;
    if (entry.kind == EntryKind::kFolder) CHECK_OK(add_folder(entry, depth, facts));
    if (entry.kind == EntryKind::kFile) CHECK_OK(add_file(entry, facts));
    if (entry.kind == EntryKind::kLink) facts.climbs = std::max(facts.climbs, climbs_of_link(entry.target));
    if (entry.kind != EntryKind::kFolder) ++facts.files;
    if (facts.entries > kMaxEntries) return refused(fmt::format("more than {} entries", kMaxEntries));
  }
  seen_.emplace(tree, facts);
  return facts;
}

Status ClosureCheck::add_folder(const TreeEntry& entry, unsigned depth, TreeFacts& facts) {
  TRY(const TreeFacts below, check(entry.object, depth + 1));
  facts.files += below.files;
  facts.entries += below.entries;
  facts.height = std::max(facts.height, below.height + 1);
  facts.climbs = std::max(facts.climbs, below.climbs - 1);
  facts.is_complete = facts.is_complete && below.is_complete;
  if (__builtin_add_overflow(facts.bytes, below.bytes, &facts.bytes)) return refused("more bytes than can be counted");
  return ok();
}

Status ClosureCheck::add_file(const TreeEntry& entry, TreeFacts& facts) {
  TRY(const bool is_there, has_file(entry.ref()));
  facts.is_complete = facts.is_complete && is_there;
  if (__builtin_add_overflow(facts.bytes, entry.size, &facts.bytes)) return refused("more bytes than can be counted");
  return ok();
}

Result<bool> ClosureCheck::has_object(const Digest& digest, std::uint64_t size) {
  const auto location = store_.locate(digest);
  if (!location) {
    ++missing_;
    return false;
  }
  if (location->size() != size) return refused(fmt::format("object {} has another size than its folder says", digest.hex()));
  return true;
}

Result<bool> ClosureCheck::has_file(const FileRef& file) {
  if (!file.is_chunked()) return has_object(file.object, file.size);
  auto bytes = store_.get(file.object, cache_);
  if (!bytes && bytes.error().code() == ErrorCode::kNotFound) {
    ++missing_;
    return false;
  }
  if (!bytes) return std::move(bytes).error();
  TRY(const ChunkList list, parse_chunk_list(*bytes));
  if (list.size != file.size) return refused("a large file has another size than its folder says");
  bool is_there = true;
  for (std::size_t i = 0; i < list.chunks.size(); ++i) {
    TRY(const bool has_chunk, has_object(list.chunks[i], list.chunk_size(i)));
    is_there = is_there && has_chunk;
  }
  return is_there;
}

/// Files and links below a tree, in the trees' order.
class Lister {
 public:
  Lister(ObjectStore::Impl& store, FrameCache& cache) : store_(store), cache_(cache) {}
  Status add(const Digest& tree, const std::string& prefix, unsigned depth = 1);
  std::vector<TreeFile> files;

 private:
  ObjectStore::Impl& store_;
  FrameCache& cache_;
};

Status Lister::add(const Digest& tree, const std::string& prefix, unsigned depth) {
  if (depth > kMaxDepth) return refused("too many folders inside each other");
  TRY(const std::string bytes, store_.get_tree(tree, cache_));
  TRY(TreeView view, TreeView::parse(bytes));
  for (TreeEntry entry; view.next(entry);) {
    std::string path = prefix + std::string(entry.name);
    if (entry.kind == EntryKind::kFolder) {
      CHECK_OK(add(entry.object, path + "/", depth + 1));
      continue;
    }
    std::optional<std::string> link;
    if (entry.kind == EntryKind::kLink) link.emplace(entry.target);
    files.push_back({std::move(path), entry.size, entry.executable, entry.object, std::move(link)});
    if (files.size() > kMaxEntries) return refused("too many entries");
  }
  return ok();
}

bool is_same(const TreeEntry& a, const TreeEntry& b) {
  return a.kind == b.kind && a.executable == b.executable && a.size == b.size && a.object == b.object && a.target == b.target;
}

/// Walks two trees side by side, going down only where they differ.
class Comparer {
 public:
  explicit Comparer(ObjectStore::Impl& store) : store_(store) {}
  Status compare(const Digest& a, const Digest& b, const std::string& prefix, unsigned depth = 1);
  Difference difference;

 private:
  Status compare_entries(const TreeEntry& a, const TreeEntry& b, const std::string& prefix, unsigned depth);
  Status note(const TreeEntry& entry, const std::string& prefix, std::vector<std::string>& paths);
  ObjectStore::Impl& store_;
  FrameCache cache_{kTreeCache};
};

Status Comparer::note(const TreeEntry& entry, const std::string& prefix, std::vector<std::string>& paths) {
  const std::string path = prefix + std::string(entry.name);
  if (entry.kind != EntryKind::kFolder) {
    paths.push_back(path);
    return ok();
  }
  Lister lister(store_, cache_);
  CHECK_OK(lister.add(entry.object, path + "/"));
  for (TreeFile& file : lister.files) paths.push_back(std::move(file.path));
  return ok();
}

Status Comparer::compare_entries(const TreeEntry& a, const TreeEntry& b, const std::string& prefix, unsigned depth) {
  if (is_same(a, b)) return ok();
  const std::string path = prefix + std::string(a.name);
  const bool a_is_folder = a.kind == EntryKind::kFolder;
  const bool b_is_folder = b.kind == EntryKind::kFolder;
  if (a_is_folder && b_is_folder) return compare(a.object, b.object, path + "/", depth + 1);
  if (!a_is_folder && !b_is_folder) {
    difference.changed.push_back(path);
    return ok();
  }
  CHECK_OK(note(a, prefix, difference.removed));
  return note(b, prefix, difference.added);
}

Status Comparer::compare(const Digest& a, const Digest& b, const std::string& prefix, unsigned depth) {
  if (a == b) return ok();
  if (depth > kMaxDepth) return refused("too many folders inside each other");
  TRY(const std::string a_bytes, store_.get_tree(a, cache_));
  TRY(const std::string b_bytes, store_.get_tree(b, cache_));
  TRY(TreeView a_view, TreeView::parse(a_bytes));
  TRY(TreeView b_view, TreeView::parse(b_bytes));
  TreeEntry a_entry, b_entry;
  bool has_a = a_view.next(a_entry), has_b = b_view.next(b_entry);
  while (has_a || has_b) {
    const int order = !has_a ? 1 : !has_b ? -1 : a_entry.name.compare(b_entry.name);
    if (order == 0) CHECK_OK(compare_entries(a_entry, b_entry, prefix, depth));
    if (order < 0) CHECK_OK(note(a_entry, prefix, difference.removed));
    if (order > 0) CHECK_OK(note(b_entry, prefix, difference.added));
    if (order <= 0) has_a = a_view.next(a_entry);
    if (order >= 0) has_b = b_view.next(b_entry);
  }
  return ok();
}

}  // namespace

Result<SnapshotInfo> ObjectStore::commit(const Digest& root) {
  const std::uint64_t epoch = impl_->epoch_;
  ClosureCheck check(*impl_);
  TRY(const TreeFacts facts, check.check(root, 1));
  if (check.missing() > 0 || !facts.is_complete) {
    return Error(ErrorCode::kConflict, fmt::format("{} objects of snapshot {} are missing", check.missing(), root.hex()))
        .hint("send them, then commit again");
  }
  if (facts.climbs > 0) return refused("a link leaves the folder");
  if (facts.height > kMaxDepth) return refused(fmt::format("more than {} folders inside each other", kMaxDepth));
  CHECK_OK(impl_->sync());
  if (impl_->epoch_ != epoch) return Error(ErrorCode::kIo, "the snapshot store failed to write meanwhile").hint("try again").retryable();
  const std::lock_guard lock(impl_->closed_mutex_);
  if (impl_->closed_.size() + check.seen().size() > kClosedTrees) impl_->closed_.clear();
  if (check.seen().size() <= kClosedTrees) impl_->closed_.merge(check.seen());
  impl_->closed_.insert_or_assign(root, facts);
  return SnapshotInfo{root, facts.files, facts.bytes};
}

Result<std::vector<TreeFile>> ObjectStore::list(const Digest& root) {
  FrameCache cache(kTreeCache);
  Lister lister(*impl_, cache);
  CHECK_OK(lister.add(root, ""));
  std::sort(lister.files.begin(), lister.files.end(), [](const TreeFile& a, const TreeFile& b) { return a.path < b.path; });
  return std::move(lister.files);
}

Result<TreeFile> ObjectStore::find(const Digest& root, std::string_view path) {
  const auto not_found = [&] { return Error(ErrorCode::kNotFound, fmt::format("snapshot {} has no file {}", root.hex(), path)); };
  Digest tree = root;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view name = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    TRY(const std::string bytes, impl_->get_tree(tree, impl_->cache_));
    TRY(TreeView view, TreeView::parse(bytes));
    TreeEntry entry;
    bool is_found = false;
    while (!is_found && view.next(entry)) is_found = entry.name == name;
    if (!is_found || (entry.kind == EntryKind::kFolder) == rest.empty()) return not_found();
    tree = entry.object;
    if (!rest.empty()) continue;
    std::optional<std::string> link;
    if (entry.kind == EntryKind::kLink) link.emplace(entry.target);
    return TreeFile{std::string(path), entry.size, entry.executable, entry.object, std::move(link)};
  }
  return not_found();
}

Result<Difference> ObjectStore::diff(const Digest& a, const Digest& b) {
  Comparer comparer(*impl_);
  CHECK_OK(comparer.compare(a, b, ""));
  for (auto* paths : {&comparer.difference.added, &comparer.difference.removed, &comparer.difference.changed})
    std::sort(paths->begin(), paths->end());
  return std::move(comparer.difference);
}

}  // namespace stoker::snapshots
