// The part of file.hpp that keeps paths below a root: opening, creating and removing without following links.
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include <fmt/format.h>

#include "base/json.hpp"
#include "io/file.hpp"

namespace stoker::io {
namespace {

Error beneath_error(const std::string& relative, int error_number) {
  const auto shown = to_valid_utf8(relative);
  if (error_number == EXDEV || error_number == ELOOP || error_number == ENOTDIR) {
    return Error(ErrorCode::kInvalidInput, fmt::format("the path \"{}\" leads out of its folder or through a link", shown))
        .because(std::string(std::strerror(error_number)));
  }
  if (error_number == ENOENT) return Error(ErrorCode::kNotFound, fmt::format("there is no file \"{}\"", shown));
  return errno_error(fmt::format("cannot open \"{}\"", shown), error_number);
}

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= path.size();) {
    const auto slash = std::min(path.find('/', at), path.size());
    if (slash > at) parts.push_back(path.substr(at, slash - at));
    at = slash + 1;
  }
  return parts;
}

Result<Fd> open_folder_at(int dir, const std::string& name) {
  const int fd = ::openat(dir, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return beneath_error(name, errno);
  return Fd(fd);
}

// For kernels before 5.6 and for sandboxes that refuse openat2: one step at a time, links never followed.
Result<Fd> open_step_by_step(int root_fd, const std::string& relative, int flags, unsigned mode) {
  const auto parts = split(relative);
  Fd folder;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const int dir = folder.is_open() ? folder.get() : root_fd;
    if (parts[i] == "..") return beneath_error(relative, EXDEV);
    if (i + 1 < parts.size()) {
      TRY(Fd next, open_folder_at(dir, parts[i]));
      folder = std::move(next);
      continue;
    }
    const int fd = ::openat(dir, parts[i].c_str(), flags | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0) return beneath_error(relative, errno);
    return Fd(fd);
  }
  return beneath_error(relative, ENOENT);
}

Status remove_directory_at(int root_fd, int parent_fd, const char* name, int depth);

// Beyond this depth folders are moved up to the root, so that a tree of any depth needs few descriptors.
constexpr int kMaxDepth = 32;

Status lift(int root_fd, int parent_fd, const char* name) {
  static std::atomic<unsigned> counter{0};
  const auto lifted = fmt::format(".stoker-removed-{}-{}", ::getpid(), counter.fetch_add(1));
  if (::renameat(parent_fd, name, root_fd, lifted.c_str()) != 0) return errno_error(fmt::format("cannot remove the folder {}", name), errno);
  return ok();
}

Status remove_entry_at(int root_fd, int parent_fd, const char* name, int depth) {
  if (::unlinkat(parent_fd, name, 0) == 0 || errno == ENOENT) return ok();
  if (errno != EISDIR && errno != EPERM) return errno_error(fmt::format("cannot remove {}", to_valid_utf8(name)), errno);
  if (depth >= kMaxDepth) return lift(root_fd, parent_fd, name);
  return remove_directory_at(root_fd, parent_fd, name, depth);
}

Result<bool> remove_children(int root_fd, int dir_fd, int depth) {
  auto* folder = ::fdopendir(::openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder == nullptr) return errno_error("cannot list a folder", errno);
  std::vector<std::string> names;
  while (const auto* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  ::closedir(folder);
  for (const auto& name : names) CHECK_OK(remove_entry_at(root_fd, dir_fd, name.c_str(), depth + 1));
  return !names.empty();
}

Status remove_directory_at(int root_fd, int parent_fd, const char* name, int depth) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  Fd folder(::openat(parent_fd, name, kFlags));
  if (!folder.is_open() && errno == EACCES) {  // a script may have closed its own folder
    ::fchmodat(parent_fd, name, 0700, 0);
    folder = Fd(::openat(parent_fd, name, kFlags));
  }
  if (!folder.is_open()) return errno == ENOENT ? ok() : Status(errno_error(fmt::format("cannot open the folder {}", to_valid_utf8(name)), errno));
  ::fchmod(folder.get(), 0700);
  // At the root, folders lifted from below appear while it is emptied, so look again until it stays empty.
  const int root = depth == 0 ? folder.get() : root_fd;
  bool found = true;
  while (found) {
    TRY(found, remove_children(root, folder.get(), depth));
    if (depth != 0) break;
  }
  if (::unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return ok();
  return errno_error(fmt::format("cannot remove the folder {}", to_valid_utf8(name)), errno);
}

}  // namespace

Status check_relative_path(std::string_view path) {
  const auto refuse = [&](std::string why) -> Status {
    return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is not a path inside the folder", to_valid_utf8(path.substr(0, 200))))
        .because(std::move(why));
  };
  if (path.empty()) return refuse("it is empty");
  if (path.size() > 4096) return refuse("it is longer than 4096 bytes");
  if (path.front() == '/') return refuse("it is absolute");
  if (path.find('\0') != std::string_view::npos) return refuse("it holds a NUL");
  if (path.find('\\') != std::string_view::npos) return refuse("it holds a backslash");
  if (!is_valid_utf8(path)) return refuse("it is not UTF-8");
  for (std::size_t at = 0; at <= path.size();) {
    const auto slash = std::min(path.find('/', at), path.size());
    const auto part = path.substr(at, slash - at);
    if (part.empty() || part == "." || part == "..") return refuse(fmt::format("it has a part \"{}\"", part));
    if (part.size() > 255) return refuse("a part of it is longer than 255 bytes");
    at = slash + 1;
  }
  return ok();
}

Result<Fd> open_beneath(int root_fd, const std::string& relative, int flags, unsigned mode, bool follow_symlinks) {
  if (relative.find('\0') != std::string::npos) return beneath_error(relative, EXDEV);
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? mode : 0;  // O_TMPFILE holds the bit of O_DIRECTORY
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | (follow_symlinks ? 0U : RESOLVE_NO_SYMLINKS);
  long fd = -1;
  do {
    fd = ::syscall(SYS_openat2, root_fd, relative.c_str(), &how, sizeof how);
  } while (fd < 0 && (errno == EINTR || errno == EAGAIN));  // EAGAIN: a rename raced with `..`
  if (fd >= 0) return Fd(static_cast<int>(fd));
  if (errno == ENOSYS || (errno == EPERM && follow_symlinks == false)) return open_step_by_step(root_fd, relative, flags, mode);
  return beneath_error(relative, errno);
}

Result<Fd> create_beneath(int root_fd, const std::string& relative, int flags, unsigned mode) {
  CHECK_OK(check_relative_path(relative));
  const auto parts = split(relative);
  Fd folder;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const int dir = folder.is_open() ? folder.get() : root_fd;
    if (::mkdirat(dir, parts[i].c_str(), 0700) != 0 && errno != EEXIST)
      return errno_error(fmt::format("cannot create the folder of \"{}\"", relative), errno);
    TRY(Fd next, open_folder_at(dir, parts[i]));
    folder = std::move(next);
  }
  const int dir = folder.is_open() ? folder.get() : root_fd;
  const int fd = ::openat(dir, parts.back().c_str(), flags | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode);
  if (fd < 0) return beneath_error(relative, errno);
  return Fd(fd);
}

Status remove_tree(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return errno == ENOENT ? ok() : Status(errno_error(fmt::format("cannot remove {}", path), errno));
  if (S_ISDIR(info.st_mode)) return remove_directory_at(-1, AT_FDCWD, path.c_str(), 0);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return errno_error(fmt::format("cannot remove {}", path), errno);
  return ok();
}

}  // namespace stoker::io
