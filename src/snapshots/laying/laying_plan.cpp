#include "snapshots/laying/laying_plan.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "io/file.hpp"
#include "snapshots/chunk_list.hpp"

namespace stoker::snapshots {

Error bad_stream(std::string what) { return Error(ErrorCode::kProtocol, fmt::format("the snapshot cannot be laid down: {}", what)); }

std::string join_path(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : folder + "/" + std::string(name);
}

Result<std::string_view> LayingPlan::object(const Digest& digest) const {
  const auto found = objects_.find(digest);
  if (found == objects_.end()) return bad_stream(fmt::format("folder {} is not among the trees at its start", digest.hex()));
  return std::string_view(found->second);
}

Result<std::string_view> LayingPlan::tree_bytes(const Digest& tree) {
  TRY(const std::string_view bytes, object(tree));
  if (!is_chunk_list(bytes)) return bytes;
  if (const auto found = joined_.find(tree); found != joined_.end()) return std::string_view(found->second);
  TRY(const ChunkList list, parse_chunk_list(bytes));
  if (list.size > kMaxTree) return bad_stream("a tree is too large");
  std::string whole;
  for (const Digest& chunk : list.chunks) {
    TRY(const std::string_view part, object(chunk));
    whole += part;
  }
  return std::string_view(joined_.emplace(tree, std::move(whole)).first->second);
}

Status LayingPlan::make(const Digest& root) {
  info.root = root;
  CHECK_OK(add_tree(root, 0, 1));
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.object < b.object; });
  return ok();
}

Status LayingPlan::add_tree(const Digest& tree, std::uint32_t folder, unsigned depth) {
  if (depth > kMaxDepth) return bad_stream("too many folders inside each other");
  TRY(const std::string_view bytes, tree_bytes(tree));
  TRY(TreeView view, TreeView::parse(bytes));
  for (TreeEntry entry; view.next(entry);) {
    if (++entries_ > kMaxEntries) return bad_stream("too many entries");
    if (entry.kind == EntryKind::kFolder) CHECK_OK(add_folder(entry, folder, depth));
    if (entry.kind == EntryKind::kFile) CHECK_OK(add_file(entry, folder));
    if (entry.kind == EntryKind::kLink) {
      if (climbs_of_link(entry.target) > static_cast<int>(depth) - 1)
        return Error(ErrorCode::kInvalidInput, fmt::format("the link {} leaves the snapshot", join_path(folders[folder], entry.name)));
      links.push_back({folder, entry.name, entry.target});
    }
    if (entry.kind != EntryKind::kFolder) ++info.files;
    info.bytes += entry.size;
  }
  return ok();
}

Status LayingPlan::add_folder(const TreeEntry& entry, std::uint32_t folder, unsigned depth) {
  const std::string path = join_path(folders[folder], entry.name);
  if (path.size() > kMaxPath) return bad_stream("a path is too long");
  if (depth == 1) {
    if (::mkdirat(root_fd_, path.c_str(), 0755) != 0 && errno != EEXIST) return errno_error("cannot make the folder " + path, errno);
  } else {
    TRY(const io::Fd parent, io::open_beneath(root_fd_, folders[folder], O_PATH | O_DIRECTORY));
    if (::mkdirat(parent.get(), std::string(entry.name).c_str(), 0755) != 0 && errno != EEXIST)
      return errno_error("cannot make the folder " + path, errno);
  }
  const auto number = static_cast<std::uint32_t>(folders.size());
  folders.push_back(path);
  return add_tree(entry.object, number, depth + 1);
}

Status LayingPlan::add_file(const TreeEntry& entry, std::uint32_t folder) {
  Place place{entry.object,      folder, static_cast<std::uint16_t>(entry.name.size()), entry.executable, false,
              entry.name.data(), 0,      static_cast<std::uint32_t>(entry.size)};
  if (!entry.ref().is_chunked()) {
    places.push_back(place);
    return ok();
  }
  TRY(const std::string_view bytes, object(entry.object));
  TRY(const ChunkList list, parse_chunk_list(bytes));
  if (list.size != entry.size) return bad_stream("a large file has another size than its folder says");
  const std::string path = join_path(folders[folder], entry.name);
  TRY(const io::Fd made, io::open_beneath(root_fd_, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, entry.executable ? 0755 : 0644));
  for (std::size_t i = 0; i < list.chunks.size(); ++i) {
    place.object = list.chunks[i];
    place.is_chunk = true;
    place.offset = i * kChunk;
    place.size = static_cast<std::uint32_t>(list.chunk_size(i));
    places.push_back(place);
  }
  return ok();
}

std::span<const Place> LayingPlan::places_of(const Digest& object) const {
  const auto low = std::partition_point(places.begin(), places.end(), [&](const Place& place) { return place.object < object; });
  auto high = low;
  while (high != places.end() && high->object == object) ++high;
  return {low, high};
}

}  // namespace stoker::snapshots
