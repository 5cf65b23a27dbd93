#include "io/process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <set>

#include <fmt/format.h>

namespace stoker::io {
namespace {

std::optional<pid_t> as_pid(std::string_view name) {
  pid_t pid = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (parsed.ec != std::errc{} || parsed.ptr != name.data() + name.size()) return std::nullopt;
  return pid;
}

// The program's name (field 2) may hold blanks and brackets, so fields are counted from the last bracket.
std::optional<ProcessInfo> read_stat(pid_t pid) {
  const auto text = read_file(fmt::format("/proc/{}/stat", pid), 1U << 16);
  if (!text) return std::nullopt;
  const auto bracket = text->rfind(')');
  if (bracket == std::string::npos || bracket + 2 > text->size()) return std::nullopt;
  ProcessInfo info;
  info.pid = pid;
  std::string_view rest = std::string_view(*text).substr(bracket + 2);
  for (int field = 3; field <= 22 && !rest.empty(); ++field) {
    const auto blank = std::min(rest.find(' '), rest.size());
    const auto word = rest.substr(0, blank);
    if (field == 3) info.state = word.empty() ? '?' : word.front();
    if (field == 4) std::from_chars(word.data(), word.data() + word.size(), info.parent);
    if (field == 6) std::from_chars(word.data(), word.data() + word.size(), info.session);
    if (field == 22) std::from_chars(word.data(), word.data() + word.size(), info.start_time);
    rest.remove_prefix(std::min(blank + 1, rest.size()));
  }
  return info;
}

template <class Fn>
void for_each_pid(Fn fn) {
  auto* folder = ::opendir("/proc");
  if (folder == nullptr) return;
  while (const auto* entry = ::readdir(folder)) {
    if (const auto pid = as_pid(entry->d_name)) fn(*pid);
  }
  ::closedir(folder);
}

bool has_variable(std::string_view block, std::string_view wanted) {
  while (!block.empty()) {
    const auto end = std::min(block.find('\0'), block.size());
    if (block.substr(0, end) == wanted) return true;
    block.remove_prefix(std::min(end + 1, block.size()));
  }
  return false;
}

bool is_executable_file(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

std::string boot_id() {
  auto text = read_file("/proc/sys/kernel/random/boot_id", 4096);
  if (!text) return "unknown";
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return std::move(*text);
}

std::optional<ProcessIdentity> identify(pid_t pid) {
  const auto info = read_stat(pid);
  if (!info) return std::nullopt;
  return ProcessIdentity{boot_id(), pid, info->start_time};
}

bool is_same_boot(const ProcessIdentity& process) { return process.boot_id == boot_id(); }

bool is_alive(const ProcessIdentity& process) {
  const auto info = read_stat(process.pid);
  return info && info->start_time == process.start_time && info->state != 'Z' && info->state != 'X' && is_same_boot(process);
}

Status send_signal(const ProcessIdentity& process, int signal) {
  // The order matters: the pidfd holds one process, then the start time says whether it is the right one.
  const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0U)));
  const bool no_pidfd = !pidfd.is_open() && (errno == ENOSYS || errno == EPERM);
  if (!is_alive(process)) return ok();
  if (!pidfd.is_open() && !no_pidfd) return ok();
  const long done = no_pidfd ? ::kill(process.pid, signal) : ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0U);
  if (done == 0 || errno == ESRCH) return ok();
  return errno_error(fmt::format("cannot send signal {} to process {}", signal, process.pid), errno);
}

std::vector<ProcessInfo> list_processes() {
  std::vector<ProcessInfo> found;
  for_each_pid([&](pid_t pid) {
    if (const auto info = read_stat(pid)) found.push_back(*info);
  });
  return found;
}

std::vector<ProcessInfo> descendants(pid_t root) {
  const auto all = list_processes();
  std::multimap<pid_t, const ProcessInfo*> by_parent;
  for (const auto& process : all) by_parent.emplace(process.parent, &process);
  std::vector<ProcessInfo> found;
  std::set<pid_t> seen{root};
  std::vector<pid_t> level{root};
  while (!level.empty()) {
    std::vector<pid_t> next;
    for (const auto parent : level) {
      const auto [begin, end] = by_parent.equal_range(parent);
      for (auto at = begin; at != end; ++at) {
        if (!seen.insert(at->second->pid).second) continue;
        found.push_back(*at->second);
        next.push_back(at->second->pid);
      }
    }
    level = std::move(next);
  }
  return found;
}

std::vector<ProcessIdentity> find_by_environment(const std::string& name, const std::string& value) {
  const auto wanted = name + "=" + value;
  const auto boot = boot_id();
  std::vector<ProcessIdentity> found;
  for_each_pid([&](pid_t pid) {
    if (pid == ::getpid()) return;
    // Identified before its environment is read: a pid reused in between is then a different process and is spared.
    const auto info = read_stat(pid);
    const auto block = read_file(fmt::format("/proc/{}/environ", pid));
    if (info && block && has_variable(*block, wanted)) found.push_back({boot, pid, info->start_time});
  });
  return found;
}

std::optional<std::string> find_program(const std::string& program, const std::string& path_variable) {
  if (program.empty()) return std::nullopt;
  if (program.find('/') != std::string::npos) return is_executable_file(program) ? std::optional(program) : std::nullopt;
  for (std::size_t at = 0; at <= path_variable.size();) {
    const auto colon = std::min(path_variable.find(':', at), path_variable.size());
    auto folder = path_variable.substr(at, colon - at);
    if (folder.empty()) folder = ".";
    auto candidate = folder + "/" + program;
    if (is_executable_file(candidate)) return candidate;
    at = colon + 1;
  }
  return std::nullopt;
}

std::string own_executable() {
  std::string path(4096, '\0');
  const auto length = ::readlink("/proc/self/exe", path.data(), path.size());
  path.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return path;
}

}  // namespace stoker::io
