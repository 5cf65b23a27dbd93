#include "snapshots/laying/materialize.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

#include <fmt/format.h>

#include "io/file.hpp"
#include "snapshots/laying/laying_plan.hpp"
#include "snapshots/store/pack.hpp"

namespace stoker::snapshots {
namespace {

constexpr std::size_t kOpenFolders = 64;

/// Folders opened last, by one thread.
class FolderFds {
 public:
  FolderFds(int root_fd, const LayingPlan& plan) : root_fd_(root_fd), plan_(plan) {}
  Result<int> get(std::uint32_t folder) {
    if (const auto found = fds_.find(folder); found != fds_.end()) return found->second.get();
    if (fds_.size() >= kOpenFolders) fds_.clear();
    const std::string& path = plan_.folders[folder];
    TRY(io::Fd fd, io::open_beneath(root_fd_, path.empty() ? "." : path, O_PATH | O_DIRECTORY));
    return fds_.emplace(folder, std::move(fd)).first->second.get();
  }

 private:
  int root_fd_;
  const LayingPlan& plan_;
  std::unordered_map<std::uint32_t, io::Fd> fds_;
};

/// Threads that take frames and write what belongs somewhere.
class Writers {
 public:
  Writers(int root_fd, LayingPlan& plan, unsigned threads);
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
  LayingPlan& plan_;
  std::vector<std::atomic<bool>> done_;  // by place: an object that comes twice is written once
  std::atomic<std::uint64_t> written_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<EncodedFrame> queue_;
  bool is_closed_ = false;
  std::optional<Error> error_;
  std::vector<std::thread> threads_;
};

Writers::Writers(int root_fd, LayingPlan& plan, unsigned threads) : root_fd_(root_fd), plan_(plan), done_(plan.places.size()) {
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
    const std::string path = join_path(plan_.folders[place.folder], name);
    return error == EEXIST ? Error(ErrorCode::kConflict, path + " exists already in the working directory")
                           : errno_error("cannot write " + path, error);
  };
  if (!fd.is_open()) return failed(errno);
  return place.is_chunk ? io::write_all_at(fd.get(), bytes, place.offset) : io::write_all(fd.get(), bytes);
}

class Materializing {
 public:
  Materializing(PackReader& reader, int root_fd, unsigned threads)
      : parser_(reader), root_fd_(root_fd), threads_(std::max(1U, threads)), plan_(root_fd) {}
  Result<SnapshotInfo> run(const Digest& root);

 private:
  Result<bool> keep_trees(const EncodedFrame& frame);
  Status make_links();
  PackParser parser_;
  int root_fd_;
  unsigned threads_;
  LayingPlan plan_;
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
  if (tree_bytes_ > kMaxTreesInMemory) return bad_stream("its trees are too large");
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
  if (writers.written() != plan_.places.size())
    return bad_stream(fmt::format("{} pieces of content are not in it", plan_.places.size() - writers.written()));
  CHECK_OK(make_links());
  return plan_.info;
}

Status Materializing::make_links() {
  FolderFds folders(root_fd_, plan_);
  for (const Link& link : plan_.links) {
    TRY(const int folder, folders.get(link.folder));
    if (::symlinkat(std::string(link.target).c_str(), folder, std::string(link.name).c_str()) == 0) continue;
    const std::string path = join_path(plan_.folders[link.folder], link.name);
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
