#include "data/folder.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include <fmt/format.h>

#include "base/json.hpp"
#include "base/random.hpp"
#include "snapshots/source/ignore.hpp"

namespace stoker::data {
namespace {

constexpr std::string_view kTemporary = ".stoker-new-";
constexpr std::size_t kMaxDepth = 64;

Time modified(const struct stat& info) { return from_micros(std::int64_t{info.st_mtim.tv_sec} * 1'000'000 + info.st_mtim.tv_nsec / 1000); }

std::string joined(const std::string& folder, std::string_view name) { return folder.empty() ? std::string(name) : folder + "/" + std::string(name); }

std::size_t parts_of(std::string_view path) { return static_cast<std::size_t>(std::ranges::count(path, '/')) + 1; }

/// The names in a folder, without `.`, `..` and what is being written.
Result<std::vector<std::pair<std::string, unsigned char>>> entries_of(int fd, const std::string& path) {
  auto* folder = ::fdopendir(::openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder == nullptr) return errno_error(fmt::format("cannot list the folder \"{}\"", to_valid_utf8(path)), errno);
  std::vector<std::pair<std::string, unsigned char>> found;
  while (const auto* entry = ::readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != ".." && !name.starts_with(kTemporary)) found.emplace_back(name, entry->d_type);
  }
  ::closedir(folder);
  std::ranges::sort(found);
  return found;
}

class Walk {
 public:
  Walk(int root, const std::string& pattern) : root_(root), pattern_(pattern) {
    is_pattern_ = has_wildcard(pattern);
    const bool is_bounded = is_pattern_ && pattern.find("**") == std::string::npos;
    if (is_bounded) deepest_ = parts_of(pattern);
  }

  Status visit(int fd, const std::string& path) {
    if (!path.empty() && parts_of(path) > kMaxDepth)
      return Error(ErrorCode::kInputTooLarge, fmt::format("folders are nested more than {} deep", kMaxDepth));
    TRY(const auto entries, entries_of(fd, path));
    for (const auto& [name, type] : entries) CHECK_OK(visit_entry(fd, joined(path, name), name));
    return ok();
  }
  std::vector<FoundFile> take() { return std::move(found_); }

 private:
  Status visit_entry(int fd, const std::string& path, const std::string& name) {
    struct stat info{};
    if (::fstatat(fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
      return errno == ENOENT ? ok() : Status(errno_error("cannot look at " + path, errno));
    if (S_ISDIR(info.st_mode)) {
      if (deepest_ && parts_of(path) >= *deepest_) return ok();
      const auto folder = io::open_beneath(root_, path, O_RDONLY | O_DIRECTORY);
      if (!folder) return folder.error().code() == ErrorCode::kNotFound ? ok() : Status(folder.error());
      return visit(folder->get(), path);
    }
    if (S_ISLNK(info.st_mode)) {
      const auto target = io::open_beneath(root_, path, O_PATH, 0, true);
      if (!target || ::fstat(target->get(), &info) != 0) return ok();
    }
    if (!S_ISREG(info.st_mode) || !io::check_relative_path(path)) return ok();
    if (is_pattern_ && !snapshots::wildmatch(pattern_, path, true)) return ok();
    if (found_.size() == kMaxFiles) return Error(ErrorCode::kInputTooLarge, fmt::format("there are more than {} files", kMaxFiles));
    found_.push_back({path, static_cast<std::uint64_t>(info.st_size), modified(info)});
    return ok();
  }

  int root_;
  std::string pattern_;
  bool is_pattern_ = false;
  std::optional<std::size_t> deepest_;
  std::vector<FoundFile> found_;
};

/// A path that may be a link to a file inside; nullopt: there is nothing.
Result<std::optional<struct stat>> stat_beneath(int root, const std::string& path) {
  const auto fd = io::open_beneath(root, path.empty() ? "." : path, O_PATH, 0, true);
  if (!fd && fd.error().code() == ErrorCode::kNotFound) return std::optional<struct stat>();
  if (!fd) return fd.error();
  struct stat info{};
  if (::fstat(fd->get(), &info) != 0) return errno_error("cannot look at " + path, errno);
  return std::optional(info);
}

}  // namespace

bool has_wildcard(std::string_view path) { return path.find_first_of("*?[") != std::string_view::npos; }

bool means(std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return true;
  if (has_wildcard(pattern)) return snapshots::wildmatch(pattern, path, true);
  return path == pattern || (path.starts_with(pattern) && path.substr(pattern.size()).starts_with('/'));
}

std::string fixed_part(std::string_view pattern) {
  const auto wildcard = pattern.find_first_of("*?[");
  if (wildcard == std::string_view::npos) return std::string(pattern);
  const auto slash = pattern.substr(0, wildcard).rfind('/');
  return slash == std::string_view::npos ? std::string() : std::string(pattern.substr(0, slash));
}

Result<Folder> Folder::open(const std::string& root) {
  auto fd = io::open_file(root, O_RDONLY | O_DIRECTORY);
  if (fd) return Folder(root, std::move(*fd));
  return Error(fd.error().code(), fmt::format("the datastore's folder {} cannot be opened", root)).because(fd.error().cause());
}

Result<Entry> Folder::look(const std::string& path) const {
  TRY(const auto info, stat_beneath(fd_.get(), path));
  if (!info) return Entry::kNothing;
  if (S_ISDIR(info->st_mode)) return Entry::kFolder;
  if (S_ISREG(info->st_mode)) return Entry::kFile;
  return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is neither a file nor a folder", path));
}

Result<std::vector<FoundFile>> Folder::find(const std::string& pattern) const {
  const auto start = fixed_part(pattern);
  TRY(const auto info, stat_beneath(fd_.get(), start));
  if (!info) return std::vector<FoundFile>();
  if (!S_ISDIR(info->st_mode)) {
    std::vector<FoundFile> found;
    if (S_ISREG(info->st_mode) && start == pattern) found.push_back({start, static_cast<std::uint64_t>(info->st_size), modified(*info)});
    return found;
  }
  TRY(const auto folder, io::open_beneath(fd_.get(), start.empty() ? "." : start, O_RDONLY | O_DIRECTORY));
  Walk walk(fd_.get(), pattern);
  CHECK_OK(walk.visit(folder.get(), start));
  auto found = walk.take();
  std::ranges::sort(found, {}, &FoundFile::path);
  return found;
}

Result<io::Fd> Folder::open_file(const std::string& path) const {
  CHECK_OK(io::check_relative_path(path));
  TRY(auto fd, io::open_beneath(fd_.get(), path, O_RDONLY | O_NONBLOCK, 0, true));
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return errno_error("cannot look at " + path, errno);
  if (!S_ISREG(info.st_mode))
    return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is no file", path)).hint("a folder's files are listed with a pattern");
  return fd;
}

Status Folder::make_folder(const std::string& path) const {
  if (path.empty()) return ok();
  CHECK_OK(io::check_relative_path(path));
  for (std::size_t at = 0; at <= path.size();) {
    at = std::min(path.find('/', at), path.size());
    const auto upper = path.substr(0, at);
    const auto slash = upper.rfind('/');
    const auto parent_path = slash == std::string::npos ? std::string(".") : upper.substr(0, slash);
    TRY(const auto parent, io::open_beneath(fd_.get(), parent_path, O_PATH | O_DIRECTORY));
    const auto name = slash == std::string::npos ? upper : upper.substr(slash + 1);
    if (::mkdirat(parent.get(), name.c_str(), 0777) != 0 && errno != EEXIST)
      return errno_error(fmt::format("cannot make the folder \"{}\"", upper), errno);
    ++at;
  }
  CHECK_OK(io::open_beneath(fd_.get(), path, O_PATH | O_DIRECTORY));
  return ok();
}

Status Folder::remove_file(const std::string& path) const {
  CHECK_OK(io::check_relative_path(path));
  const auto slash = path.rfind('/');
  TRY(const auto parent, io::open_beneath(fd_.get(), slash == std::string::npos ? "." : path.substr(0, slash), O_PATH | O_DIRECTORY));
  const auto name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (::unlinkat(parent.get(), name.c_str(), 0) == 0) return ok();
  if (errno == ENOENT) return Error(ErrorCode::kNotFound, fmt::format("there is no file \"{}\"", path));
  if (errno == EISDIR || errno == EPERM)
    return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is a folder; its files are deleted one by one", path));
  return errno_error(fmt::format("cannot delete \"{}\"", path), errno);
}

Result<NewFile> NewFile::create(const Folder& folder, const std::string& path) {
  CHECK_OK(io::check_relative_path(path));
  const auto slash = path.rfind('/');
  const auto parent_path = slash == std::string::npos ? std::string() : path.substr(0, slash);
  CHECK_OK(folder.make_folder(parent_path));
  TRY(auto parent, io::open_beneath(folder.descriptor(), parent_path.empty() ? "." : parent_path, O_RDONLY | O_DIRECTORY));
  auto temporary = std::string(kTemporary) + SystemRandom().hex(8);
  const int fd = ::openat(parent.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (fd < 0) return errno_error(fmt::format("cannot write \"{}\"", path), errno);
  return NewFile(std::move(parent), io::Fd(fd), std::move(temporary), slash == std::string::npos ? path : path.substr(slash + 1), path);
}

NewFile::~NewFile() {
  if (fd_.is_open()) ::unlinkat(parent_.get(), temporary_.c_str(), 0);
}

Status NewFile::commit(bool overwrite, bool sync) {
  if (sync) CHECK_OK(io::sync_file(fd_.get()));
  const unsigned flags = overwrite ? 0 : RENAME_NOREPLACE;
  int failed = ::renameat2(parent_.get(), temporary_.c_str(), parent_.get(), name_.c_str(), flags);
  if (failed != 0 && errno == EINVAL && !overwrite) {  // a file system without that flag: a link is refused where the name is taken
    failed = ::linkat(parent_.get(), temporary_.c_str(), parent_.get(), name_.c_str(), 0);
    if (failed == 0) ::unlinkat(parent_.get(), temporary_.c_str(), 0);
  }
  if (failed != 0 && errno == EEXIST) return Error(ErrorCode::kConflict, fmt::format("\"{}\" is there already", path_)).hint("overwrite replaces it");
  if (failed != 0 && errno == EISDIR) return Error(ErrorCode::kConflict, fmt::format("\"{}\" is a folder", path_));
  if (failed != 0) return errno_error(fmt::format("cannot write \"{}\"", path_), errno);
  fd_.reset();
  if (sync && ::fsync(parent_.get()) != 0) return errno_error(fmt::format("cannot sync the folder of \"{}\"", path_), errno);
  return ok();
}

}  // namespace stoker::data
