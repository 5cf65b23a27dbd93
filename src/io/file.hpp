#pragma once
// Files without exceptions: owned descriptors, whole reads and writes, atomic replacement, paths kept below a root.
// All functions block; on the loop call them through io::blocking. Errors are kIo (kStorageFull for ENOSPC/EDQUOT), kNotFound for ENOENT.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace stoker::io {

/// Owns one file descriptor; closes it at the end of its life.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  int release();
  void reset();

 private:
  int fd_ = -1;
};

Result<Fd> open_file(const std::string& path, int flags, unsigned mode = 0600);  // O_CLOEXEC is added
/// Opens below `root_fd` and nowhere else: openat2 with RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS (and NO_SYMLINKS unless told otherwise).
Result<Fd> open_beneath(int root_fd, const std::string& relative, int flags, unsigned mode = 0600, bool follow_symlinks = false);
/// Creates the folders of `relative` below the root (each step beneath, no symlinks), then opens the file.
Result<Fd> create_beneath(int root_fd, const std::string& relative, int flags, unsigned mode = 0600);

/// A relative path from outside: no empty, `.`/`..` parts, no leading `/`, no NUL, no backslash, valid UTF-8, at most 4096 bytes.
Status check_relative_path(std::string_view path);

Status write_all(int fd, std::string_view bytes);
Status write_all_at(int fd, std::string_view bytes, std::uint64_t offset);
/// Up to `size` bytes from `offset`; fewer at the end of the file.
Result<std::string> read_at(int fd, std::uint64_t offset, std::size_t size);
Result<std::string> read_file(const std::string& path, std::size_t limit = 64U << 20);
/// Writes a temporary file beside it, syncs it, renames it over `path`, syncs the folder.
Status write_file_atomically(const std::string& path, std::string_view content, unsigned mode = 0600);
Status make_directories(const std::string& path, unsigned mode = 0700);
Status sync_file(int fd);  // fdatasync
Status sync_directory(const std::string& path);
Result<std::uint64_t> file_size(int fd);
bool exists(const std::string& path);
/// Names in a folder, sorted; without `.` and `..`.
Result<std::vector<std::string>> list_directory(const std::string& path);
/// Removes a tree; symbolic links are removed, not followed. Ok when it is not there.
Status remove_tree(const std::string& path);
/// NFS, CIFS, 9p, Lustre, GPFS, FUSE (sshfs …): where SQLite's locks cannot be trusted.
Result<bool> is_network_file_system(const std::string& path);

/// An exclusive advisory lock (flock) held as long as this lives. kDataBusy when another process has it.
class FileLock {
 public:
  static Result<FileLock> acquire(const std::string& path);

 private:
  Fd fd_;
};

}  // namespace stoker::io
