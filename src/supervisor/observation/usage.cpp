#include "supervisor/observation/usage.hpp"

#include <dirent.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "io/file.hpp"
#include "io/process.hpp"

namespace stoker::supervisor {
namespace {

// A fork bomb must not make looking at it expensive.
constexpr std::size_t kMostProcesses = 5000;
// Fields of /proc/PID/stat behind the name, which is field 2: the state is the first.
constexpr std::size_t kFirstTime = 14 - 3, kTimes = 4, kResident = 24 - 3;

std::uint64_t number_of(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_of(" \n"), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

/// The number behind `name` at the beginning of a line.
std::optional<std::uint64_t> value_of(std::string_view text, std::string_view name) {
  for (std::size_t at = 0; at < text.size();) {
    const auto line = text.substr(at, text.find('\n', at) - at);
    if (line.starts_with(name)) return number_of(line.substr(name.size()));
    at += line.size() + 1;
  }
  return std::nullopt;
}

std::string read_proc(pid_t pid, std::string_view file) {
  auto text = io::read_file(fmt::format("/proc/{}/{}", pid, file), 16U << 10);
  return text ? std::move(*text) : std::string();
}

/// Of all its threads, each of which may have forked.
void add_children(pid_t pid, std::vector<pid_t>& to) {
  const auto folder = fmt::format("/proc/{}/task", pid);
  auto* threads = ::opendir(folder.c_str());
  while (const auto* thread = threads == nullptr ? nullptr : ::readdir(threads)) {
    if (thread->d_name[0] == '.') continue;
    const auto text = io::read_file(fmt::format("{}/{}/children", folder, thread->d_name), 1U << 20);
    if (!text) continue;
    for (const auto word : words_of(*text)) to.push_back(static_cast<pid_t>(number_of(word)));
  }
  if (threads != nullptr) ::closedir(threads);
}

/// `root` first. Kernels without CONFIG_PROC_CHILDREN are asked for everything instead.
std::vector<pid_t> tree_of(pid_t root) {
  static const bool has_children = io::exists("/proc/self/task/" + std::to_string(::getpid()) + "/children");
  std::vector<pid_t> tree{root};
  if (!has_children) {
    for (const auto& process : io::descendants(root)) tree.push_back(process.pid);
    return tree;
  }
  std::set<pid_t> seen{root};
  for (std::size_t i = 0; i < tree.size() && tree.size() < kMostProcesses; ++i) {
    std::vector<pid_t> children;
    add_children(tree[i], children);
    for (const auto child : children)
      if (seen.insert(child).second) tree.push_back(child);
  }
  return tree;
}

}  // namespace

ProcessUsage& ProcessUsage::operator+=(const ProcessUsage& other) {
  cpu_ticks += other.cpu_ticks;
  resident += other.resident;
  read_bytes += other.read_bytes;
  written_bytes += other.written_bytes;
  return *this;
}

std::optional<ProcessUsage> parse_usage(std::string_view stat, std::string_view io) {
  const auto name_end = stat.rfind(')');  // the name may hold anything
  if (name_end == std::string_view::npos) return std::nullopt;
  const auto fields = words_of(stat.substr(name_end + 1));
  if (fields.size() <= kResident) return std::nullopt;
  ProcessUsage usage;
  for (std::size_t i = 0; i < kTimes; ++i) usage.cpu_ticks += number_of(fields[kFirstTime + i]);
  usage.resident = number_of(fields[kResident]);
  usage.read_bytes = value_of(io, "read_bytes: ").value_or(0);
  usage.written_bytes = value_of(io, "write_bytes: ").value_or(0);
  return usage;
}

ProcessUsage usage_of_tree(pid_t root) {
  ProcessUsage sum;
  for (const auto pid : tree_of(root)) {
    const auto usage = parse_usage(read_proc(pid, "stat"), read_proc(pid, "io"));
    if (usage) sum += *usage;
  }
  return sum;
}

std::optional<std::uint64_t> parse_group_memory(std::string_view memory_stat) {
  // v1 counts its sub-groups in total_ only; v2 always does.
  const auto of = [&](std::string_view v2, std::string_view v1) {
    const auto value = value_of(memory_stat, v1);
    return value ? value : value_of(memory_stat, v2);
  };
  const auto anonymous = of("anon ", "total_rss ");
  if (!anonymous) return std::nullopt;
  return *anonymous + of("shmem ", "total_shmem ").value_or(0);
}

}  // namespace stoker::supervisor
