#include "snapshots/source/scan.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <ctime>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include "base/json.hpp"
#include "snapshots/source/folder_names.hpp"
#include "snapshots/source/ignore.hpp"

namespace stoker::snapshots {
namespace {

constexpr std::size_t kMaxIgnoreFile = 1U << 20;
// Kernel time stamps come from a clock that ticks every 1 to 10 ms; servers of network file systems have clocks of their own.
constexpr std::int64_t kLocalMargin = 50'000'000;
constexpr std::int64_t kNetworkMargin = 10'000'000'000;

struct Work {
  std::uint32_t folder;
  std::shared_ptr<io::Fd> parent;
  std::shared_ptr<const IgnoreRules> rules;
};

using Name = FolderNames::Name;

/// One thread's buffers and sums.
struct Scratch {
  FolderNames names;
  std::vector<StatEntry> entries;  // name_offset is the name's in `names`
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::string_view name(const StatEntry& entry) const { return names.text({0, entry.name_offset, entry.name_size, 0}); }
};

std::string_view kind_in_words(mode_t mode) {
  if (S_ISSOCK(mode)) return "is a socket";
  if (S_ISFIFO(mode)) return "is a named pipe";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "is a device";
  return "is neither a file nor a folder";
}

mode_t mode_of_type(std::uint8_t type) { return DTTOIF(type); }

class Scanner {
 public:
  Scanner(const StatIndex* index, Scan& scan, MistakeList& mistakes) : index_(index), scan_(scan), mistakes_(mistakes) {}
  void run(unsigned threads);

 private:
  void work();
  bool take(Work& work);
  void give(std::vector<Work> more);
  void scan_folder(const Work& work, Scratch& scratch);
  std::shared_ptr<const IgnoreRules> rules_of(int fd, const ScanFolder& folder, const Scratch& scratch,
                                              const std::shared_ptr<const IgnoreRules>& above);
  void drop_ignored(const IgnoreRules& rules, const ScanFolder& folder, Scratch& scratch);
  void drop_left_out(const ScanFolder& folder, Scratch& scratch);
  bool match(int fd, ScanFolder& folder, Scratch& scratch);
  bool look_at(int fd, const ScanFolder& folder, const Name& name, const StatEntry* old, Scratch& scratch);
  bool is_allowed(int fd, const ScanFolder& folder, const Name& name, const StatEntry& entry, const Scratch& scratch);
  void keep(int fd, ScanFolder& folder, Scratch& scratch);
  void check_link(int fd, const ScanFolder& folder, const std::string& name, std::string_view target);
  bool leads_to_ancestor(int fd, const ScanFolder& folder, const struct stat& target);
  void make_children(std::uint32_t number, Scratch& scratch, const std::shared_ptr<io::Fd>& fd, const std::shared_ptr<const IgnoreRules>& rules);

  const StatIndex* index_;
  Scan& scan_;
  MistakeList& mistakes_;
  std::atomic<bool> aml_everywhere_{false};
  const bool is_root_user_ = ::geteuid() == 0;
  const uid_t user_ = ::geteuid();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Work> queue_;  // taken from the back: few folders are open at a time
  std::size_t busy_ = 0;
};

void Scanner::run(unsigned threads) {
  queue_.push_back({0, nullptr, nullptr});
  std::vector<std::thread> helpers;
  for (unsigned i = 1; i < threads; ++i) helpers.emplace_back([this] { work(); });
  work();
  for (auto& helper : helpers) helper.join();
}

void Scanner::work() {
  Scratch scratch;
  Work next;
  while (take(next)) {
    scan_folder(next, scratch);
    next = {};
    const std::lock_guard lock(mutex_);
    --busy_;
    if (busy_ == 0 && queue_.empty()) wake_.notify_all();
  }
  const std::lock_guard lock(mutex_);
  scan_.files += scratch.files;
  scan_.bytes += scratch.bytes;
}

bool Scanner::take(Work& work) {
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return !queue_.empty() || busy_ == 0; });
  if (queue_.empty()) return false;
  work = std::move(queue_.back());
  queue_.pop_back();
  ++busy_;
  return true;
}

void Scanner::give(std::vector<Work> more) {
  if (more.empty()) return;
  const std::lock_guard lock(mutex_);
  for (auto work = more.rbegin(); work != more.rend(); ++work) queue_.push_back(std::move(*work));
  wake_.notify_all();
}

void Scanner::scan_folder(const Work& work, Scratch& scratch) {
  ScanFolder* folder = nullptr;
  {
    const std::lock_guard lock(mutex_);
    folder = &scan_.folders[work.folder];
  }
  std::shared_ptr<io::Fd> fd;
  if (work.parent) {
    const std::string name = folder->path.substr(folder->path.rfind('/') + 1);
    fd = std::make_shared<io::Fd>(::openat(work.parent->get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd->is_open()) return mistakes_.add(folder->path + "/", fmt::format("cannot be read: {}", std::strerror(errno)));
  } else {
    fd = std::make_shared<io::Fd>(::openat(scan_.root.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  if (const int error = scratch.names.read(fd->get()); error != 0)
    return mistakes_.add(folder->path + "/", fmt::format("cannot be read: {}", std::strerror(error)));
  if (!scan_.left_out.empty()) drop_left_out(*folder, scratch);
  const auto rules = rules_of(fd->get(), *folder, scratch, work.rules);
  if (rules) drop_ignored(*rules, *folder, scratch);
  folder->is_clean = match(fd->get(), *folder, scratch);
  if (!folder->is_clean) keep(fd->get(), *folder, scratch);
  make_children(work.folder, scratch, fd, rules);
}

std::shared_ptr<const IgnoreRules> Scanner::rules_of(int fd, const ScanFolder& folder, const Scratch& scratch,
                                                     const std::shared_ptr<const IgnoreRules>& above) {
  if (folder.depth == 0 && scratch.names.has_amlignore) aml_everywhere_ = true;
  const char* file_name = scratch.names.has_amlignore ? ".amlignore" : scratch.names.has_gitignore && !aml_everywhere_ ? ".gitignore" : nullptr;
  if (file_name == nullptr) return above;
  const io::Fd file(::openat(fd, file_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_open()) {
    if (errno == EACCES) mistakes_.add(folder.path_of(file_name), "cannot be read, and says what to leave out");
    return above;
  }
  struct stat info{};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return above;
  const auto content = io::read_at(file.get(), 0, kMaxIgnoreFile);
  if (!content) return above;
  return std::make_shared<IgnoreRules>(above, folder.path, *content);
}

void Scanner::drop_ignored(const IgnoreRules& rules, const ScanFolder& folder, Scratch& scratch) {
  std::string path = folder.path.empty() ? std::string() : folder.path + "/";
  const std::size_t base = path.size();
  std::erase_if(scratch.names.list, [&](const Name& name) {
    path.resize(base);
    path.append(scratch.names.text(name));
    return rules.excludes(path, name.type == DT_DIR);
  });
}

void Scanner::drop_left_out(const ScanFolder& folder, Scratch& scratch) {
  const std::string prefix = folder.path.empty() ? std::string() : folder.path + "/";
  std::erase_if(scratch.names.list, [&](const Name& name) {
    return name.type == DT_DIR && std::ranges::find(scan_.left_out, prefix + std::string(scratch.names.text(name))) != scan_.left_out.end();
  });
}

/// Fills scratch.entries; true when it is all as the index has it.
bool Scanner::match(int fd, ScanFolder& folder, Scratch& scratch) {
  scratch.entries.clear();
  std::span<const StatEntry> old;
  if (folder.old != kNoFolder) old = index_->entries(folder.old);
  bool is_same = folder.old != kNoFolder;
  std::size_t at = 0;
  for (const Name& name : scratch.names.list) {
    const std::string_view text = scratch.names.text(name);
    while (at < old.size() && index_->name(folder.old, old[at]) < text) {
      ++at;
      is_same = false;
    }
    const bool is_known_name = at < old.size() && index_->name(folder.old, old[at]) == text;
    is_same = look_at(fd, folder, name, is_known_name ? &old[at] : nullptr, scratch) && is_same;
    if (is_known_name) ++at;
  }
  return is_same && at == old.size();
}

/// Adds the entry unless it is no part of a snapshot; true when `old` has just the same.
bool Scanner::look_at(int fd, const ScanFolder& folder, const Name& name, const StatEntry* old, Scratch& scratch) {
  StatEntry entry;
  entry.name_offset = name.offset;
  entry.name_size = name.size;
  entry.kind = EntryKind::kFolder;
  if (name.type != DT_DIR) {
    struct stat info{};
    info.st_mode = mode_of_type(name.type);
    if ((S_ISREG(info.st_mode) || S_ISLNK(info.st_mode)) && ::fstatat(fd, scratch.names.c_name(name), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno != ENOENT) mistakes_.add(folder.path_of(scratch.names.text(name)), fmt::format("cannot be read: {}", std::strerror(errno)));
      return false;
    }
    entry.set_stat(info);
    entry.kind = S_ISDIR(info.st_mode) ? EntryKind::kFolder : S_ISLNK(info.st_mode) ? EntryKind::kLink : EntryKind::kFile;
  }
  const bool is_same = old != nullptr && old->kind == entry.kind &&
                       (entry.kind == EntryKind::kFolder || (entry.same_stat(*old) && (old->flags & StatEntry::kRacy) == 0));
  if (!is_same && !is_allowed(fd, folder, name, entry, scratch)) return false;
  if (is_same) {
    entry.digest = old->digest;
    entry.flags = StatEntry::kKnown;
  }
  if (entry.kind != EntryKind::kFolder) ++scratch.files;
  if (entry.kind == EntryKind::kFile) scratch.bytes += entry.size;
  scratch.entries.push_back(entry);
  return is_same;
}

bool Scanner::is_allowed(int fd, const ScanFolder& folder, const Name& name, const StatEntry& entry, const Scratch& scratch) {
  const std::string_view text = scratch.names.text(name);
  const std::string path = folder.path_of(text);
  std::string problem;
  if (!is_valid_utf8(text)) {
    problem = "has a name that is not UTF-8";
  } else if (path.size() > kMaxPath) {
    problem = fmt::format("has a path of more than {} bytes", kMaxPath);
  } else if (entry.kind == EntryKind::kFolder) {
    if (folder.depth + 2 > kMaxDepth) problem = fmt::format("lies more than {} folders deep", kMaxDepth);
  } else if (entry.kind == EntryKind::kFile && !S_ISREG(entry.mode)) {
    problem = kind_in_words(entry.mode);
  } else if (entry.kind == EntryKind::kFile && entry.size > kMaxFile) {
    problem = "is larger than 1 TiB";
  } else if (entry.kind == EntryKind::kFile && !is_root_user_ && (entry.mode & 0444) != 0444 &&
             ::faccessat(fd, scratch.names.c_name(name), R_OK, AT_EACCESS) != 0) {
    problem = fmt::format("cannot be read: {}", std::strerror(errno));
  }
  if (problem.empty()) return true;
  mistakes_.add(to_valid_utf8(path), std::move(problem));
  return false;
}

/// A folder that differs keeps its entries, and what its links say.
void Scanner::keep(int fd, ScanFolder& folder, Scratch& scratch) {
  folder.entries.reserve(scratch.entries.size());
  for (StatEntry entry : scratch.entries) {
    const std::string name(scratch.name(entry));
    entry.name_offset = static_cast<std::uint32_t>(folder.names.size());
    folder.names += name;
    if (entry.kind == EntryKind::kLink) {
      char target[kMaxPath];
      const ssize_t size = ::readlinkat(fd, name.c_str(), target, sizeof target);
      if (size < 0) {
        mistakes_.add(folder.path_of(name), fmt::format("cannot be read: {}", std::strerror(errno)));
        continue;
      }
      const std::string_view text(target, static_cast<std::size_t>(size));
      if (!entry.is_known()) check_link(fd, folder, name, text);
      entry.flags |= StatEntry::kKnown;
      entry.folder = static_cast<std::uint32_t>(folder.names.size());
      entry.size = text.size();
      folder.names += text;
    }
    folder.entries.push_back(entry);
  }
}

void Scanner::check_link(int fd, const ScanFolder& folder, const std::string& name, std::string_view target) {
  const auto problem = [&](std::string message) {
    mistakes_.add(folder.path_of(name), fmt::format("is a link to \"{}\", {}", to_valid_utf8(target), message));
  };
  const int climbs = climbs_of_link(target);
  if (target.starts_with('/')) return problem("an absolute path: it would leave the folder");
  if (!is_valid_utf8(target)) return problem("which is not UTF-8");
  if (climbs < 0) return problem("which goes down and then up again: write the target without the detour");
  if (static_cast<unsigned>(climbs) > folder.depth) return problem("which leaves the folder");
  struct stat info{};
  if (::fstatat(fd, name.c_str(), &info, 0) != 0) {
    if (errno == ELOOP) problem("which leads in a circle");
    return;  // what it names may come into being when the script runs
  }
  if (S_ISDIR(info.st_mode) && leads_to_ancestor(fd, folder, info)) problem("a folder that holds it: a circle");
}

bool Scanner::leads_to_ancestor(int fd, const ScanFolder& folder, const struct stat& target) {
  std::string up = ".";
  for (unsigned i = 0; i <= folder.depth; ++i) {
    struct stat info{};
    if (::fstatat(fd, up.c_str(), &info, 0) == 0 && info.st_dev == target.st_dev && info.st_ino == target.st_ino) return true;
    up += "/..";
  }
  return false;
}

void Scanner::make_children(std::uint32_t number, Scratch& scratch, const std::shared_ptr<io::Fd>& fd,
                            const std::shared_ptr<const IgnoreRules>& rules) {
  std::vector<Work> work;
  {
    const std::lock_guard lock(mutex_);
    ScanFolder& folder = scan_.folders[number];
    const std::span<const StatEntry> old = folder.old == kNoFolder ? std::span<const StatEntry>() : index_->entries(folder.old);
    std::size_t at = 0;
    for (const StatEntry& entry : scratch.entries) {
      if (entry.kind != EntryKind::kFolder) continue;
      const std::string_view name = scratch.name(entry);
      while (at < old.size() && index_->name(folder.old, old[at]) < name) ++at;
      const bool is_old = at < old.size() && old[at].kind == EntryKind::kFolder && index_->name(folder.old, old[at]) == name;
      const auto child = static_cast<std::uint32_t>(scan_.folders.size());
      ScanFolder& made = scan_.folders.emplace_back();
      made.path = folder.path_of(name);
      made.depth = folder.depth + 1;
      if (is_old) made.old = old[at].folder;
      folder.children.push_back(child);
      work.push_back({child, fd, rules});
    }
  }
  give(std::move(work));
}

std::int64_t racy_limit(const std::string& source) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const auto network = io::is_network_file_system(source);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec - (network && *network ? kNetworkMargin : kLocalMargin);
}

}  // namespace

Status scan_source(const std::string& source, const StatIndex* index, unsigned threads, Scan& scan, MistakeList& mistakes) {
  scan.racy_limit_ns = racy_limit(source);
  scan.root = io::Fd(::open(source.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!scan.root.is_open()) {
    const int error = errno;
    const std::string_view what = error == ENOENT ? "does not exist" : error == ENOTDIR ? "is not a folder" : "cannot be read";
    Error problem(ErrorCode::kSourceInvalid, fmt::format("the source folder {} {}", source, what));
    if (error != ENOENT && error != ENOTDIR) problem.because(std::strerror(error));
    return std::move(problem).hint("name a folder that you can read");
  }
  ScanFolder& root = scan.folders.emplace_back();
  if (index != nullptr) root.old = 0;
  Scanner(index, scan, mistakes).run(std::max(1U, threads));
  return ok();
}

}  // namespace stoker::snapshots
