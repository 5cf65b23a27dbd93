#include "snapshots/materialize.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include <fmt/format.h>

#include "io/file.hpp"
#include "snapshots/chunk_list.hpp"
#include "snapshots/pack.hpp"
#include "snapshots/tree.hpp"

namespace stoker::snapshots {
namespace {

constexpr std::size_t kOpenFolders = 64;
constexpr std::uint64_t kMaxTrees = 1ULL << 30;  // of all trees and lists, in memory

Error bad_stream(std::string what) { return Error(ErrorCode::kProtocol, fmt::format("the snapshot cannot be laid down: {}", what)); }

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
class Plan {
 public:
  explicit Plan(int root_fd) : root_fd_(root_fd) {}
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

std::string join(const std::string& folder, std::string_view name) { return folder.empty() ? std::string(name) : folder + "/" + std::string(name); }

Result<std::string_view> Plan::object(const Digest& digest) const {
  const auto found = objects_.find(digest);
  if (found == objects_.end()) return bad_stream(fmt::format("folder {} is not among the trees at its start", digest.hex()));
  return std::string_view(found->second);
}

Result<std::string_view> Plan::tree_bytes(const Digest& tree) {
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

Status Plan::make(const Digest& root) {
  info.root = root;
  CHECK_OK(add_tree(root, 0, 1));
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) { return a.object < b.object; });
  return ok();
}

Status Plan::add_tree(const Digest& tree, std::uint32_t folder, unsigned depth) {
  if (depth > kMaxDepth) return bad_stream("too many folders inside each other");
  TRY(const std::string_view bytes, tree_bytes(tree));
  TRY(TreeView view, TreeView::parse(bytes));
  for (TreeEntry entry; view.next(entry);) {
    if (++entries_ > kMaxEntries) return bad_stream("too many entries");
    if (entry.kind == EntryKind::kFolder) CHECK_OK(add_folder(entry, folder, depth));
    if (entry.kind == EntryKind::kFile) CHECK_OK(add_file(entry, folder));
    if (entry.kind == EntryKind::kLink) {
      if (climbs_of_link(entry.target) > static_cast<int>(depth) - 1) return Error(ErrorCode::kInvalidInput, fmt::format("the link {} leaves the snapshot", join(folders[folder], entry.name)));
      links.push_back({folder, entry.name, entry.target});
    }
    if (entry.kind != EntryKind::kFolder) ++info.files;
    info.bytes += entry.size;
  }
  return ok();
}

Status Plan::add_folder(const TreeEntry& entry, std::uint32_t folder, unsigned depth) {
  const std::string path = join(folders[folder], entry.name);
  if (path.size() > kMaxPath) return bad_stream("a path is too long");
  if (depth == 1) {
    if (::mkdirat(root_fd_, path.c_str(), 0755) != 0 && errno != EEXIST) return errno_error("cannot make the folder " + path, errno);
  } else {
    TRY(const io::Fd parent, io::open_beneath(root_fd_, folders[folder], O_PATH | O_DIRECTORY));
    if (::mkdirat(parent.get(), std::string(entry.name).c_str(), 0755) != 0 && errno != EEXIST) return errno_error("cannot make the folder " + path, errno);
  }
  const auto number = static_cast<std::uint32_t>(folders.size());
  folders.push_back(path);
  return add_tree(entry.object, number, depth + 1);
}

Status Plan::add_file(const TreeEntry& entry, std::uint32_t folder) {
  Place place{entry.object, folder, static_cast<std::uint16_t>(entry.name.size()), entry.executable, false, entry.name.data(), 0, static_cast<std::uint32_t>(entry.size)};
  if (!entry.ref().is_chunked()) {
    places.push_back(place);
    return ok();
  }
  TRY(const std::string_view bytes, object(entry.object));
  TRY(const ChunkList list, parse_chunk_list(bytes));
  if (list.size != entry.size) return bad_stream("a large file has another size than its folder says");
  const std::string path = join(folders[folder], entry.name);
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

std::span<const Place> Plan::places_of(const Digest& object) const {
  const auto low = std::partition_point(places.begin(), places.end(), [&](const Place& place) { return place.object < object; });
  auto high = low;
  while (high != places.end() && high->object == object) ++high;
  return {low, high};
}

/// Folders opened last, by one thread.
class FolderFds {
 public:
  FolderFds(int root_fd, const Plan& plan) : root_fd_(root_fd), plan_(plan) {}
  Result<int> get(std::uint32_t folder) {
    if (const auto found = fds_.find(folder); found != fds_.end()) return found->second.get();
    if (fds_.size() >= kOpenFolders) fds_.clear();
    const std::string& path = plan_.folders[folder];
    TRY(io::Fd fd, io::open_beneath(root_fd_, path.empty() ? "." : path, O_PATH | O_DIRECTORY));
    return fds_.emplace(folder, std::move(fd)).first->second.get();
  }

 private:
  int root_fd_;
  const Plan& plan_;
  std::unordered_map<std::uint32_t, io::Fd> fds_;
};

/// Threads that take frames and write what belongs somewhere.
class Writers {
 public:
  Writers(int root_fd, Plan& plan, unsigned threads);
  ~Writers();
  /// Waits while enough frames are under way; the error of a writer when there was one.
  Status give(EncodedFrame frame);
  Status finish();
  std::uint64_t written() const { return written_; }

 private:
  void work();
  Status write_frame(const EncodedFrame& frame, FolderFds& folders, std::string& raw);
  Status write_place(const Place& place, std::string_view bytes, FolderFds& folders);
  bool take(EncodedFrame& frame);

  int root_fd_;
  Plan& plan_;
  std::vector<std::atomic<bool>> done_;  // by place: an object that comes twice is written once
  std::atomic<std::uint64_t> written_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<EncodedFrame> queue_;
  bool is_closed_ = false;
  std::optional<Error> error_;
  std::vector<std::thread> threads_;
};

Writers::Writers(int root_fd, Plan& plan, unsigned threads) : root_fd_(root_fd), plan_(plan), done_(plan.places.size()) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

Writers::~Writers() {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    queue_.clear();
  }
  changed_.notify_all();
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

Status Writers::give(EncodedFrame frame) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return error_ || queue_.size() < threads_.size() + 1; });
  if (error_) return *error_;
  queue_.push_back(std::move(frame));
  changed_.notify_all();
  return ok();
}

Status Writers::finish() {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
  if (error_) return *error_;
  return ok();
}

bool Writers::take(EncodedFrame& frame) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return is_closed_ || error_ || !queue_.empty(); });
  if (error_ || queue_.empty()) return false;
  frame = std::move(queue_.front());
  queue_.pop_front();
  changed_.notify_all();
  return true;
}

void Writers::work() {
  FolderFds folders(root_fd_, plan_);
  std::string raw;
  EncodedFrame frame;
  while (take(frame)) {
    if (Status written = write_frame(frame, folders, raw); !written) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::move(written).error();
      changed_.notify_all();
    }
  }
}

Status Writers::write_frame(const EncodedFrame& frame, FolderFds& folders, std::string& raw) {
  CHECK_OK(decompress_frame(frame.header, std::string_view(frame.bytes).substr(kFrameHeaderSize + frame.header.table_size()), raw));
  CHECK_OK(check_digests(frame.objects, raw));
  for (const FrameObject& object : frame.objects) {
    for (const Place& place : plan_.places_of(object.digest)) {
      if (done_[static_cast<std::size_t>(&place - plan_.places.data())].exchange(true)) continue;
      if (place.size != object.size) return bad_stream("a file has another size than its folder says");
      CHECK_OK(write_place(place, std::string_view(raw).substr(object.offset, object.size), folders));
      ++written_;
    }
  }
  return ok();
}

Status Writers::write_place(const Place& place, std::string_view bytes, FolderFds& folders) {
  TRY(const int folder, folders.get(place.folder));
  const std::string name(place.text());
  const int flags = O_WRONLY | O_NOFOLLOW | O_CLOEXEC | (place.is_chunk ? 0 : O_CREAT | O_EXCL);
  const io::Fd fd(::openat(folder, name.c_str(), flags, place.executable ? 0755 : 0644));
  const auto failed = [&](int error) {
    const std::string path = join(plan_.folders[place.folder], name);
    return error == EEXIST ? Error(ErrorCode::kConflict, path + " exists already in the working directory") : errno_error("cannot write " + path, error);
  };
  if (!fd.is_open()) return failed(errno);
  return place.is_chunk ? io::write_all_at(fd.get(), bytes, place.offset) : io::write_all(fd.get(), bytes);
}

class Materializing {
 public:
  Materializing(PackReader& reader, int root_fd, unsigned threads) : parser_(reader), root_fd_(root_fd), threads_(std::max(1U, threads)), plan_(root_fd) {}
  Result<SnapshotInfo> run(const Digest& root);

 private:
  Result<bool> keep_trees(const EncodedFrame& frame);
  Status make_links();
  PackParser parser_;
  int root_fd_;
  unsigned threads_;
  Plan plan_;
  std::uint64_t tree_bytes_ = 0;
};

/// False for the first frame that holds neither trees nor lists.
Result<bool> Materializing::keep_trees(const EncodedFrame& frame) {
  const auto is_structure = [](const FrameObject& object) { return object.kind != ObjectKind::kBlob; };
  if (!std::all_of(frame.objects.begin(), frame.objects.end(), is_structure)) return false;
  std::string raw;
  CHECK_OK(decompress_frame(frame.header, std::string_view(frame.bytes).substr(kFrameHeaderSize + frame.header.table_size()), raw));
  CHECK_OK(check_digests(frame.objects, raw));
  tree_bytes_ += raw.size();
  if (tree_bytes_ > kMaxTrees) return bad_stream("its trees are too large");
  for (const FrameObject& object : frame.objects) plan_.keep(object.digest, std::string_view(raw).substr(object.offset, object.size));
  return true;
}

Result<SnapshotInfo> Materializing::run(const Digest& root) {
  std::optional<EncodedFrame> frame;
  while (true) {
    TRY(frame, parser_.next());
    if (!frame) break;
    TRY(const bool is_kept, keep_trees(*frame));
    if (!is_kept) break;
  }
  CHECK_OK(plan_.make(root));
  Writers writers(root_fd_, plan_, threads_);
  while (frame) {
    CHECK_OK(writers.give(std::move(*frame)));
    TRY(frame, parser_.next());
  }
  CHECK_OK(writers.finish());
  if (writers.written() != plan_.places.size()) return bad_stream(fmt::format("{} pieces of content are not in it", plan_.places.size() - writers.written()));
  CHECK_OK(make_links());
  return plan_.info;
}

Status Materializing::make_links() {
  FolderFds folders(root_fd_, plan_);
  for (const Link& link : plan_.links) {
    TRY(const int folder, folders.get(link.folder));
    if (::symlinkat(std::string(link.target).c_str(), folder, std::string(link.name).c_str()) == 0) continue;
    const std::string path = join(plan_.folders[link.folder], link.name);
    if (errno == EEXIST) return Error(ErrorCode::kConflict, path + " exists already in the working directory");
    return errno_error("cannot make the link " + path, errno);
  }
  return ok();
}

}  // namespace

Result<SnapshotInfo> materialize(PackReader& reader, const Digest& root, const std::string& directory, MaterializeOptions options) {
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) return errno_error("cannot make " + directory, errno);
  TRY(const io::Fd fd, io::open_file(directory, O_RDONLY | O_DIRECTORY));
  auto info = Materializing(reader, fd.get(), options.threads).run(root);
  if (!info) return std::move(info).error().at("while laying down snapshot " + root.hex());
  return info;
}

}  // namespace stoker::snapshots
