#include "supervisor/transfer/uploader_scan.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/json.hpp"

namespace stoker::supervisor {
namespace {

constexpr int kMaxDepth = 200;

FileMark mark_of(const struct stat& info) {
  return {static_cast<std::uint64_t>(info.st_size), static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec,
          info.st_ino};
}

std::string kind_of(unsigned mode) {
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISFIFO(mode)) return "a pipe";
  return "a device";
}

class Scanner {
 public:
  Scanner(const std::string& work, Scan& scan) : scan_(scan) {
    if (auto fd = io::open_file(work, O_PATH | O_DIRECTORY)) work_ = std::move(*fd);
  }

  void walk(const std::string& origin) {
    if (!work_.is_open()) return;
    origin_ = origin;
    const int fd = ::openat(work_.get(), origin.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) return visit_folder(fd, origin, 0);
    if (errno != ENOENT) scan_.remarks[origin] = errno == ENOTDIR || errno == ELOOP ? "it is no folder any more" : std::strerror(errno);
  }

 private:
  void visit_folder(int fd, const std::string& path, int depth) {
    auto* folder = ::fdopendir(fd);
    if (folder == nullptr) return;
    while (const auto* entry = ::readdir(folder)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") visit(fd, entry->d_name, path + "/" + entry->d_name, depth);
    }
    ::closedir(folder);
  }

  void visit(int dir, const char* name, const std::string& path, int depth) {
    struct stat info{};
    if (::fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return;  // gone meanwhile
    if (S_ISREG(info.st_mode)) return add(path, info);
    if (S_ISLNK(info.st_mode)) return visit_link(path);
    if (!S_ISDIR(info.st_mode)) {
      scan_.remarks[path] = "it is " + kind_of(info.st_mode);
      return;
    }
    if (depth >= kMaxDepth) {
      scan_.remarks[path] = fmt::format("it lies deeper than {} folders", kMaxDepth);
      return;
    }
    const int fd = ::openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) visit_folder(fd, path, depth + 1);
    else if (errno != ENOENT) scan_.remarks[path] = std::strerror(errno);
  }

  void visit_link(const std::string& path) {
    const auto fd = io::open_beneath(work_.get(), path, O_PATH, 0, true);
    struct stat info{};
    if (!fd || ::fstat(fd->get(), &info) != 0) {
      scan_.remarks[path] = "it is a link that leads nowhere or out of the working directory";
    } else if (S_ISREG(info.st_mode)) {
      add(path, info);
    } else {
      scan_.remarks[path] = S_ISDIR(info.st_mode) ? "it is a link to a folder" : "it is a link to " + kind_of(info.st_mode);
    }
  }

  void add(const std::string& path, const struct stat& info) {
    FoundFile file{path, name_for_server(path), origin_, mark_of(info)};
    if (file.name != path) scan_.remarks[path] = fmt::format("its name is not plain UTF-8, it is kept as {}", file.name);
    scan_.files.push_back(std::move(file));
  }

  Scan& scan_;
  io::Fd work_;
  std::string origin_;
};

}  // namespace

std::string name_for_server(const std::string& local) {
  const auto escape = [](std::string& out, char c) { out += fmt::format("%{:02X}", static_cast<unsigned char>(c)); };
  std::string name;
  for (std::size_t at = 0; at < local.size();) {
    // The longest valid sequence at this place: UTF-8 characters have at most four bytes.
    std::size_t length = 1;
    while (length <= 4 && at + length <= local.size() && !is_valid_utf8(std::string_view(local).substr(at, length))) ++length;
    const bool valid = length <= 4 && at + length <= local.size() && local[at] != '\\' && local[at] != '\0';
    if (valid) {
      name.append(local, at, length);
      at += length;
    } else {
      escape(name, local[at++]);
    }
  }
  return name;
}

Scan scan_special_folders(const std::string& work) {
  Scan scan;
  Scanner scanner(work, scan);
  scanner.walk("outputs");
  scanner.walk("logs");
  return scan;
}

Result<io::Fd> open_found_file(const std::string& work, const std::string& local) {
  TRY(const auto root, io::open_file(work, O_PATH | O_DIRECTORY));
  // O_NONBLOCK: a file that was replaced by a pipe meanwhile must not hold the thread.
  TRY(auto fd, io::open_beneath(root.get(), local, O_RDONLY | O_NONBLOCK, 0, true));
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return errno_error("cannot look at a file", errno);
  if (!S_ISREG(info.st_mode)) return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is no regular file", to_valid_utf8(local)));
  return fd;
}

}  // namespace stoker::supervisor
