#include "io/file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include <fmt/format.h>

#include "base/json.hpp"

namespace stoker::io {
namespace {

Error file_error(std::string what, int error_number) {
  auto error = errno_error(std::move(what), error_number);
  if (error_number != ENOENT) return error;
  return Error(ErrorCode::kNotFound, error.message()).because(error.cause());
}

std::string parent_of(const std::string& path) {
  const auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status make_one_directory(const std::string& path, unsigned mode) {
  if (::mkdir(path.c_str(), mode) == 0) return ok();
  const int code = errno;
  struct stat info{};
  if (code == EEXIST && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return ok();
  return file_error(fmt::format("cannot create the folder {}", path), code == EEXIST ? ENOTDIR : code);
}

}  // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int Fd::release() {
  const int fd = fd_;
  fd_ = -1;
  return fd;
}

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<Fd> open_file(const std::string& path, int flags, unsigned mode) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) return file_error(fmt::format("cannot open {}", path), errno);
  return Fd(fd);
}

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("cannot write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return ok();
}

Status write_all_at(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const auto count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("cannot write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return ok();
}

Result<std::string> read_at(int fd, std::uint64_t offset, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t have = 0;
  while (have < size) {
    const auto count = ::pread(fd, bytes.data() + have, size - have, static_cast<off_t>(offset + have));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error("cannot read", errno);
    if (count == 0) break;
    have += static_cast<std::size_t>(count);
  }
  bytes.resize(have);
  return bytes;
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  TRY(const Fd fd, open_file(path, O_RDONLY));
  // Files of /proc have size 0, so the end is found by reading.
  std::string bytes(4096, '\0');
  std::size_t have = 0;
  while (true) {
    const auto count = ::read(fd.get(), bytes.data() + have, bytes.size() - have);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_error(fmt::format("cannot read {}", path), errno);
    if (count == 0) break;
    have += static_cast<std::size_t>(count);
    if (have > limit) return Error(ErrorCode::kInputTooLarge, fmt::format("{} is larger than {} bytes", path, limit));
    if (have == bytes.size()) bytes.resize(have * 2);
  }
  bytes.resize(have);
  return bytes;
}

Status write_file_atomically(const std::string& path, std::string_view content, unsigned mode) {
  static std::atomic<unsigned> counter{0};
  const auto temporary = fmt::format("{}.tmp-{}-{}", path, ::getpid(), counter.fetch_add(1));
  auto write = [&]() -> Status {
    TRY(const Fd fd, open_file(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode));
    CHECK_OK(write_all(fd.get(), content));
    CHECK_OK(sync_file(fd.get()));
    if (::rename(temporary.c_str(), path.c_str()) != 0) return file_error(fmt::format("cannot replace {}", path), errno);
    return sync_directory(parent_of(path));
  };
  auto written = write();
  if (!written) {
    ::unlink(temporary.c_str());
    return std::move(written).error().at(fmt::format("while writing {}", path));
  }
  return ok();
}

Status make_directories(const std::string& path, unsigned mode) {
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return ok();
  for (std::size_t at = path.find_first_not_of('/'); at != std::string::npos && at < path.size();) {
    const auto slash = path.find('/', at);
    const auto part = path.substr(0, slash);
    CHECK_OK(make_one_directory(part, mode));
    at = slash == std::string::npos ? slash : path.find_first_not_of('/', slash);
  }
  return ok();
}

Status sync_file(int fd) {
  if (::fdatasync(fd) != 0) return errno_error("cannot sync a file to disk", errno);
  return ok();
}

Status sync_directory(const std::string& path) {
  TRY(const Fd fd, open_file(path, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return errno_error(fmt::format("cannot sync the folder {} to disk", path), errno);
  return ok();
}

Result<std::uint64_t> file_size(int fd) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return errno_error("cannot read a file's size", errno);
  return static_cast<std::uint64_t>(info.st_size);
}

bool exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<std::vector<std::string>> list_directory(const std::string& path) {
  auto* folder = ::opendir(path.c_str());
  if (folder == nullptr) return file_error(fmt::format("cannot list the folder {}", path), errno);
  std::vector<std::string> names;
  while (const auto* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(folder);
  std::ranges::sort(names);
  return names;
}

Result<bool> is_network_file_system(const std::string& path) {
  struct statfs info{};
  if (::statfs(path.c_str(), &info) != 0) return file_error(fmt::format("cannot look at the file system of {}", path), errno);
  constexpr std::array<std::uint32_t, 13> kRemote = {
      NFS_SUPER_MAGIC,  SMB_SUPER_MAGIC,        0xFF534D42U /*cifs*/, 0xFE534D42U /*smb2*/,   V9FS_MAGIC,
      CEPH_SUPER_MAGIC, AFS_SUPER_MAGIC,        CODA_SUPER_MAGIC,     0x0BD00BD0U /*lustre*/, 0x47504653U /*gpfs*/,
      FUSE_SUPER_MAGIC, 0x19830326U /*beegfs*/, 0x7461636FU /*ocfs2*/};
  const auto type = static_cast<std::uint32_t>(info.f_type);
  return std::ranges::find(kRemote, type) != kRemote.end();
}

Result<FileLock> FileLock::acquire(const std::string& path) {
  FileLock lock;
  TRY(lock.fd_, open_file(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
  while (::flock(lock.fd_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK) return Error(ErrorCode::kDataBusy, fmt::format("{} is locked by another process", path));
    return errno_error(fmt::format("cannot lock {}", path), errno);
  }
  return lock;
}

}  // namespace stoker::io
