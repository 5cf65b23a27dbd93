#include "snapshots/source/hashing.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "snapshots/chunk_list.hpp"

namespace stoker::snapshots {
namespace {

constexpr std::size_t kFilesAtOnce = 64;
constexpr std::uint64_t kBytesAtOnce = 2U << 20;
constexpr std::size_t kChunksAtOnce = 16;
constexpr int kAttempts = 4;

/// A file over kLargeFile, read by several threads.
struct LargeFile {
  std::vector<Digest> chunks;
  std::atomic<std::size_t> jobs_left{0};
  std::atomic<bool> failed{false};
};

/// Some small files of one folder, or some chunks of one large file.
struct Job {
  std::uint32_t folder;
  std::uint32_t first;  // entry, or chunk
  std::uint32_t end;
  std::uint32_t entry = 0;  // of the large file
  LargeFile* large = nullptr;
};

/// Reads until `size` bytes or the end; -1 with errno.
ssize_t read_fully(int fd, char* into, std::size_t size, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t count = ::pread(fd, into + done, size - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return static_cast<ssize_t>(done);
}

class Hashing {
 public:
  Hashing(Scan& scan, HashTotals& totals, MistakeList& mistakes, const std::function<void()>& tick)
      : scan_(scan), totals_(totals), mistakes_(mistakes), tick_(tick) {}
  Status run(std::vector<Outbox>& outboxes);

 private:
  void make_jobs();
  void make_jobs_of(std::uint32_t number, const ScanFolder& folder);
  void add_large(std::uint32_t number, std::uint32_t entry, std::uint64_t size);
  void work(Outbox& outbox);
  Status do_files(const Job& job, Outbox& outbox);
  Status do_chunks(const Job& job, Outbox& outbox);
  Status do_chunk(int fd, const Job& job, std::size_t chunk, Outbox& outbox);
  Status finish_large(const Job& job, Outbox& outbox);
  Status hash_small(int folder_fd, const ScanFolder& folder, StatEntry& entry, Outbox& outbox);
  io::Fd open_folder(const ScanFolder& folder);
  io::Fd open_entry(int folder_fd, const ScanFolder& folder, const StatEntry& entry);
  void read_failed(const ScanFolder& folder, const StatEntry& entry, int error);
  void fail(Error error);

  Scan& scan_;
  HashTotals& totals_;
  MistakeList& mistakes_;
  const std::function<void()>& tick_;
  std::vector<Job> jobs_;
  std::deque<LargeFile> large_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;
  std::optional<Error> error_;
};

Status Hashing::run(std::vector<Outbox>& outboxes) {
  make_jobs();
  std::vector<std::thread> helpers;
  const std::size_t threads = std::min(outboxes.size(), std::max<std::size_t>(1, jobs_.size()));
  for (std::size_t i = 1; i < threads; ++i) helpers.emplace_back([this, &outboxes, i] { work(outboxes[i]); });
  work(outboxes.front());
  for (auto& helper : helpers) helper.join();
  if (error_) return *error_;
  return ok();
}

void Hashing::make_jobs() {
  for (std::uint32_t number = 0; number < scan_.folders.size(); ++number) make_jobs_of(number, scan_.folders[number]);
}

void Hashing::make_jobs_of(std::uint32_t number, const ScanFolder& folder) {
  Job job{number, 0, 0};
  std::size_t files = 0;
  std::uint64_t bytes = 0;
  const auto close = [&](std::uint32_t end) {
    job.end = end;
    if (files > 0) jobs_.push_back(job);
    job.first = end;
    files = bytes = 0;
  };
  const auto count = static_cast<std::uint32_t>(folder.entries.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    const StatEntry& entry = folder.entries[i];
    if (entry.kind != EntryKind::kFile || entry.is_known()) continue;
    if (entry.size > kLargeFile) {
      add_large(number, i, entry.size);
      continue;
    }
    ++files;
    bytes += entry.size;
    if (files >= kFilesAtOnce || bytes >= kBytesAtOnce) close(i + 1);
  }
  close(count);
}

void Hashing::add_large(std::uint32_t number, std::uint32_t entry, std::uint64_t size) {
  LargeFile& large = large_.emplace_back();
  large.chunks.resize(chunk_count(size));
  for (std::size_t first = 0; first < large.chunks.size(); first += kChunksAtOnce) {
    const auto end = std::min(first + kChunksAtOnce, large.chunks.size());
    jobs_.push_back({number, static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(end), entry, &large});
    ++large.jobs_left;
  }
}

void Hashing::work(Outbox& outbox) {
  while (!stopped_) {
    const std::size_t index = next_++;
    if (index >= jobs_.size()) break;
    const Job& job = jobs_[index];
    if (Status done = job.large != nullptr ? do_chunks(job, outbox) : do_files(job, outbox); !done) fail(std::move(done).error());
    tick_();
  }
  if (stopped_ || !mistakes_.empty()) return;
  if (Status sent = outbox.finish(); !sent) fail(std::move(sent).error());
}

void Hashing::fail(Error error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = std::move(error);
  stopped_ = true;
}

io::Fd Hashing::open_folder(const ScanFolder& folder) {
  return io::Fd(::openat(scan_.root.get(), folder.path.empty() ? "." : folder.path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

io::Fd Hashing::open_entry(int folder_fd, const ScanFolder& folder, const StatEntry& entry) {
  const std::string name(folder.name(entry));
  return io::Fd(::openat(folder_fd, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
}

void Hashing::read_failed(const ScanFolder& folder, const StatEntry& entry, int error) {
  const std::string why =
      error == ENOENT || error == ELOOP ? "vanished while the snapshot was taken" : fmt::format("cannot be read: {}", std::strerror(error));
  mistakes_.add(folder.path_of(folder.name(entry)), why);
}

Status Hashing::do_files(const Job& job, Outbox& outbox) {
  ScanFolder& folder = scan_.folders[job.folder];
  const io::Fd fd = open_folder(folder);
  for (std::uint32_t i = job.first; i < job.end && !stopped_; ++i) {
    StatEntry& entry = folder.entries[i];
    if (entry.kind != EntryKind::kFile || entry.is_known() || entry.size > kLargeFile) continue;
    CHECK_OK(hash_small(fd.get(), folder, entry, outbox));
  }
  return ok();
}

Status Hashing::hash_small(int folder_fd, const ScanFolder& folder, StatEntry& entry, Outbox& outbox) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const io::Fd fd = open_entry(folder_fd, folder, entry);
    if (!fd.is_open()) {
      read_failed(folder, entry, errno);
      return ok();
    }
    TRY(char* const content, outbox.room(entry.size + 1));
    const ssize_t count = read_fully(fd.get(), content, entry.size + 1, 0);
    struct stat info{};
    if (count < 0 || ::fstat(fd.get(), &info) != 0) {
      read_failed(folder, entry, errno);
      return ok();
    }
    StatEntry now = entry;
    now.set_stat(info);
    if (static_cast<std::uint64_t>(count) == entry.size && now.same_stat(entry)) {
      entry.digest = sha256(std::string_view(content, entry.size));
      entry.flags |= StatEntry::kKnown;
      if (mistakes_.empty()) outbox.add(entry.digest, ObjectKind::kBlob, entry.size);
      ++totals_.files;
      totals_.bytes += entry.size;
      return ok();
    }
    if (!S_ISREG(info.st_mode) || now.size > kLargeFile) break;
    entry = now;
  }
  mistakes_.add(folder.path_of(folder.name(entry)), "changes while it is being read");
  return ok();
}

Status Hashing::do_chunks(const Job& job, Outbox& outbox) {
  const ScanFolder& folder = scan_.folders[job.folder];
  const StatEntry& entry = folder.entries[job.entry];
  const io::Fd folder_fd = open_folder(folder);
  const io::Fd fd = open_entry(folder_fd.get(), folder, entry);
  if (!fd.is_open() && !job.large->failed.exchange(true)) read_failed(folder, entry, errno);
  for (std::size_t chunk = job.first; chunk < job.end && !job.large->failed && !stopped_; ++chunk) {
    CHECK_OK(do_chunk(fd.get(), job, chunk, outbox));
    tick_();
  }
  return --job.large->jobs_left == 0 ? finish_large(job, outbox) : ok();
}

Status Hashing::do_chunk(int fd, const Job& job, std::size_t chunk, Outbox& outbox) {
  const ScanFolder& folder = scan_.folders[job.folder];
  const StatEntry& entry = folder.entries[job.entry];
  const std::size_t size = std::min<std::uint64_t>(kChunk, entry.size - chunk * kChunk);
  TRY(char* const content, outbox.room(size));
  const ssize_t count = read_fully(fd, content, size, chunk * kChunk);
  const int error = errno;
  StatEntry now = entry;
  struct stat info{};
  if (count >= 0 && ::fstat(fd, &info) == 0) now.set_stat(info);
  if (count != static_cast<ssize_t>(size) || !now.same_stat(entry) || info.st_mode == 0) {
    if (job.large->failed.exchange(true)) return ok();
    if (count < 0) {
      read_failed(folder, entry, error);
    } else {
      mistakes_.add(folder.path_of(folder.name(entry)), "changes while it is being read");
    }
    return ok();
  }
  job.large->chunks[chunk] = sha256(std::string_view(content, size));
  if (mistakes_.empty()) outbox.add(job.large->chunks[chunk], ObjectKind::kBlob, size);
  totals_.bytes += size;
  return ok();
}

Status Hashing::finish_large(const Job& job, Outbox& outbox) {
  if (job.large->failed || stopped_) return ok();
  StatEntry& entry = scan_.folders[job.folder].entries[job.entry];
  const std::string list = encode_chunk_list(entry.size, job.large->chunks);
  entry.digest = sha256(list);
  entry.flags |= StatEntry::kKnown;
  ++totals_.files;
  return outbox.add_copy(entry.digest, ObjectKind::kList, list);
}

}  // namespace

Status hash_files(Scan& scan, std::vector<Outbox>& outboxes, HashTotals& totals, MistakeList& mistakes, const std::function<void()>& tick) {
  return Hashing(scan, totals, mistakes, tick).run(outboxes);
}

}  // namespace stoker::snapshots
