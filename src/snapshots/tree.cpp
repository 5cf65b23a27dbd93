#include "snapshots/tree.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/json.hpp"
#include "snapshots/bytes.hpp"

namespace stoker::snapshots {
namespace {

constexpr std::string_view kMagic = "STKTREE1";
constexpr std::size_t kHeader = 12;       // magic, u32 entries
constexpr std::size_t kEntryHeader = 12;  // kind, executable, u16 name length, u64 size

Error malformed(std::string_view what) { return Error(ErrorCode::kInvalidInput, fmt::format("malformed tree: {}", what)); }

/// The entry at the start of `bytes`, and how long it is; nullopt-like 0 when the bytes do not reach.
std::size_t read_entry(std::string_view bytes, TreeEntry& entry) {
  if (bytes.size() < kEntryHeader) return 0;
  entry.kind = static_cast<EntryKind>(bytes[0]);
  entry.executable = bytes[1] != 0;
  const auto name_size = take<std::uint16_t>(bytes.data() + 2);
  const auto size = take<std::uint64_t>(bytes.data() + 4);
  const bool is_link = entry.kind == EntryKind::kLink;
  if (is_link && size > kMaxPath) return 0;
  const std::size_t digest_size = is_link ? 0 : sizeof(Digest);
  const std::size_t total = kEntryHeader + digest_size + name_size + (is_link ? size : 0);
  if (bytes.size() < total) return 0;
  entry.object = is_link ? Digest{} : take<Digest>(bytes.data() + kEntryHeader);
  entry.name = bytes.substr(kEntryHeader + digest_size, name_size);
  entry.target = is_link ? bytes.substr(total - size, size) : std::string_view{};
  entry.size = is_link ? 0 : size;
  return total;
}

Status check_entry(std::string_view bytes, const TreeEntry& entry) {
  if (static_cast<unsigned char>(bytes[0]) < 1 || static_cast<unsigned char>(bytes[0]) > 3) return malformed("unknown kind of entry");
  if (static_cast<unsigned char>(bytes[1]) > (entry.kind == EntryKind::kFile ? 1 : 0)) return malformed("unknown mode");
  if (!is_entry_name(entry.name)) return malformed("a name that no file can have");
  if (entry.kind == EntryKind::kFolder && entry.size != 0) return malformed("a folder with a size");
  if (entry.kind == EntryKind::kFile && entry.size > kMaxFile) return malformed("a file over 1 TiB");
  if (entry.kind == EntryKind::kLink && climbs_of_link(entry.target) < 0) return malformed("a link that may leave the folder");
  return ok();
}

}  // namespace

std::string begin_tree() {
  std::string tree(kMagic);
  put(tree, std::uint32_t{0});
  return tree;
}

void append_entry(std::string& tree, const TreeEntry& entry) {
  const bool is_link = entry.kind == EntryKind::kLink;
  tree.push_back(static_cast<char>(entry.kind));
  tree.push_back(entry.kind == EntryKind::kFile && entry.executable ? 1 : 0);
  put(tree, static_cast<std::uint16_t>(entry.name.size()));
  put(tree, is_link ? static_cast<std::uint64_t>(entry.target.size()) : entry.kind == EntryKind::kFile ? entry.size : std::uint64_t{0});
  if (!is_link) put(tree, entry.object);
  tree.append(entry.name);
  if (is_link) tree.append(entry.target);
}

void finish_tree(std::string& tree, std::uint32_t entries) { std::memcpy(tree.data() + kMagic.size(), &entries, sizeof entries); }

Result<TreeView> TreeView::parse(std::string_view bytes) {
  if (bytes.size() < kHeader || !bytes.starts_with(kMagic)) return malformed("it does not begin as one");
  if (bytes.size() > kMaxTree) return malformed("too large");
  TreeView view;
  view.count_ = take<std::uint32_t>(bytes.data() + kMagic.size());
  view.rest_ = bytes.substr(kHeader);
  std::string_view rest = view.rest_;
  std::string_view previous;
  for (std::uint32_t i = 0; i < view.count_; ++i) {
    TreeEntry entry;
    const std::size_t used = read_entry(rest, entry);
    if (used == 0) return malformed("it ends early");
    CHECK_OK(check_entry(rest, entry));
    if (entry.name <= previous) return malformed("names are not in order");
    previous = entry.name;
    rest.remove_prefix(used);
  }
  if (!rest.empty()) return malformed("bytes after its end");
  return view;
}

bool TreeView::next(TreeEntry& entry) {
  if (rest_.empty()) return false;
  rest_.remove_prefix(read_entry(rest_, entry));
  return true;
}

bool is_entry_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxName || name == "." || name == "..") return false;
  return name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos && is_valid_utf8(name);
}

int climbs_of_link(std::string_view target) {
  if (target.empty() || target.size() > kMaxPath || target.front() == '/') return -1;
  if (target.find('\0') != std::string_view::npos || !is_valid_utf8(target)) return -1;
  int climbs = 0;
  bool descended = false;
  while (!target.empty()) {
    const std::string_view part = target.substr(0, target.find('/'));
    target.remove_prefix(std::min(target.size(), part.size() + 1));
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      descended = true;
    } else if (descended) {
      return -1;
    } else {
      ++climbs;
    }
  }
  return climbs;
}

}  // namespace stoker::snapshots
