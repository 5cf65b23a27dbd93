#include "supervisor/processes/containment.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <set>

#include <fmt/format.h>

#include "base/digest.hpp"
#include "base/suggest.hpp"
#include "io/file.hpp"

namespace stoker::supervisor {
namespace {

constexpr std::array<std::string_view, 4> kKindNames = {"automatic", "cgroup2", "cgroup1", "none"};
constexpr std::array<std::string_view, 3> kUsedControllers = {"freezer", "pids", "memory"};

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool has_word(std::string_view list, std::string_view word) {
  const auto words = split(list, ',');
  return std::ranges::find(words, word) != words.end();
}

// `path` of a group below the mounted `root`; nullopt when the mount shows another part of the hierarchy.
std::optional<std::string> below(std::string_view mount_point, std::string_view root, std::string_view path) {
  if (root == "/") return std::string(mount_point) + (path == "/" ? "" : std::string(path));
  if (path == root) return std::string(mount_point);
  if (path.starts_with(root) && path[root.size()] == '/') return std::string(mount_point) + std::string(path.substr(root.size()));
  return std::nullopt;
}

std::string own_path(std::string_view cgroup, std::string_view controller) {
  for (const auto line : split(cgroup, '\n')) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const auto controllers = line.substr(first + 1, second - first - 1);
    const bool ours = controller.empty() ? controllers.empty() : has_word(controllers, controller);
    if (ours) return std::string(line.substr(second + 1));
  }
  return {};
}

void add_hierarchy(std::vector<Hierarchy>& found, std::string_view line, std::string_view cgroup) {
  const auto dash = line.find(" - ");
  if (dash == std::string_view::npos) return;
  const auto before = split(line.substr(0, dash), ' ');
  const auto after = split(line.substr(dash + 3), ' ');
  if (before.size() < 5 || after.size() < 3) return;
  auto add = [&](int version, std::string_view controller) {
    const auto path = own_path(cgroup, controller);
    if (path.empty()) return;
    if (auto folder = below(before[4], before[3], path)) found.push_back({version, std::string(controller), std::move(*folder)});
  };
  if (after[0] == "cgroup2") add(2, "");
  if (after[0] != "cgroup") return;
  for (const auto controller : kUsedControllers)
    if (has_word(after[2], controller)) add(1, controller);
}

std::vector<Hierarchy> own_hierarchies() {
  const auto mounts = io::read_file("/proc/self/mountinfo");
  const auto groups = io::read_file("/proc/self/cgroup");
  if (!mounts || !groups) return {};
  return parse_hierarchies(*mounts, *groups);
}

bool write_text(const std::string& path, std::string_view text) {
  const io::Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file.is_open() && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// `name value` lines, as memory.events, memory.oom_control and vmstat have them.
std::uint64_t counter(const std::string& path, std::string_view name) {
  const auto text = io::read_file(path);
  if (!text) return 0;
  for (const auto line : split(*text, '\n')) {
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ' ') continue;
    std::uint64_t value = 0;
    std::from_chars(line.data() + name.size() + 1, line.data() + line.size(), value);
    return value;
  }
  return 0;
}

std::vector<std::string> sub_groups(const std::string& folder) {
  std::vector<std::string> found;
  auto* handle = ::opendir(folder.c_str());
  if (handle == nullptr) return found;
  while (const auto* entry = ::readdir(handle)) {
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') found.push_back(folder + "/" + entry->d_name);
  }
  ::closedir(handle);
  return found;
}

void collect(const std::string& folder, std::set<int>& members) {
  if (const auto text = io::read_file(folder + "/cgroup.procs")) {
    for (const auto line : split(*text, '\n')) {
      int pid = 0;
      std::from_chars(line.data(), line.data() + line.size(), pid);
      if (pid > 0) members.insert(pid);
    }
  }
  for (const auto& group : sub_groups(folder)) collect(group, members);
}

void remove_groups(const std::string& folder) {
  for (const auto& group : sub_groups(folder)) remove_groups(group);
  ::rmdir(folder.c_str());
}

void wait_until_frozen(const std::string& folder) {
  const timespec moment{0, 1'000'000};
  for (int i = 0; i < 50; ++i) {
    const auto state = io::read_file(folder + "/freezer.state");
    if (!state || state->starts_with("FROZEN")) return;
    ::nanosleep(&moment, nullptr);
  }
}

bool wanted(const Hierarchy& hierarchy, ContainmentKind kind) {
  if (kind == ContainmentKind::kCgroup2) return hierarchy.version == 2;
  if (kind == ContainmentKind::kCgroup1) return hierarchy.version == 1;
  return kind == ContainmentKind::kAutomatic;
}

std::string file_around(const std::vector<Hierarchy>& hierarchies) {
  for (const auto& hierarchy : hierarchies) {
    const auto file = hierarchy.folder + (hierarchy.version == 2 ? "/memory.events" : "/memory.oom_control");
    if ((hierarchy.version == 2 || hierarchy.controller == "memory") && io::exists(file)) return file;
  }
  return "/proc/vmstat";
}

}  // namespace

Result<ContainmentKind> containment_kind_from_text(std::string_view text) {
  const auto at = std::ranges::find(kKindNames, text);
  if (at != kKindNames.end()) return static_cast<ContainmentKind>(at - kKindNames.begin());
  const std::vector<std::string> names(kKindNames.begin(), kKindNames.end());
  return Error(ErrorCode::kInvalidInput, fmt::format("unknown containment \"{}\"", text)).hint(fmt::format("use {}", fmt::join(names, ", ")));
}

std::vector<Hierarchy> parse_hierarchies(std::string_view mountinfo, std::string_view cgroup) {
  std::vector<Hierarchy> found;
  for (const auto line : split(mountinfo, '\n')) add_hierarchy(found, line, cgroup);
  return found;
}

std::string ControlGroup::name_of(const std::string& attempt_key) { return "stoker-" + sha256(attempt_key).hex().substr(0, 20); }

ControlGroup ControlGroup::make(const std::string& attempt_key, ContainmentKind kind) {
  ControlGroup group;
  const auto hierarchies = own_hierarchies();
  group.around_ = file_around(hierarchies);
  group.around_before_ = counter(group.around_, "oom_kill");
  for (const auto& hierarchy : hierarchies) {
    const auto folder = hierarchy.folder + "/" + name_of(attempt_key);
    if (!wanted(hierarchy, kind) || (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST)) continue;
    if (::access((folder + "/cgroup.procs").c_str(), W_OK) != 0) {
      ::rmdir(folder.c_str());
      continue;
    }
    group.groups_.push_back({hierarchy.version, hierarchy.controller, folder});
  }
  return group;
}

ControlGroup ControlGroup::find(const std::string& attempt_key, const std::vector<std::string>& recorded) {
  ControlGroup group;
  for (const auto& hierarchy : own_hierarchies()) {
    const auto folder = hierarchy.folder + "/" + name_of(attempt_key);
    if (io::exists(folder)) group.groups_.push_back({hierarchy.version, hierarchy.controller, folder});
  }
  for (const auto& folder : recorded) {
    const bool known = std::ranges::any_of(group.groups_, [&](const Group& one) { return one.folder == folder; });
    if (known || !folder.ends_with("/" + name_of(attempt_key)) || !io::exists(folder + "/cgroup.procs")) continue;
    const bool unified = io::exists(folder + "/cgroup.kill");
    group.groups_.push_back({unified ? 2 : 1, io::exists(folder + "/freezer.state") ? "freezer" : "", folder});
  }
  return group;
}

std::vector<std::string> ControlGroup::folders() const {
  std::vector<std::string> list;
  for (const auto& group : groups_) list.push_back(group.folder);
  return list;
}

std::vector<std::string> ControlGroup::join_files() const {
  std::vector<std::string> list;
  for (const auto& group : groups_) list.push_back(group.folder + "/cgroup.procs");
  return list;
}

std::vector<int> ControlGroup::members() const {
  std::set<int> found;
  for (const auto& group : groups_) collect(group.folder, found);
  return {found.begin(), found.end()};
}

// Members are named by the kernel at this very moment and cannot be reused numbers: a dead member leaves the list only when reaped, and
// between two lines of code no other process gets a number that was just freed (numbers go round).
bool ControlGroup::kill() {
  for (const auto& group : groups_) {
    if (group.version == 2) write_text(group.folder + "/cgroup.kill", "1");
    if (group.controller == "pids") write_text(group.folder + "/pids.max", "0");
  }
  for (const auto& group : groups_) {
    if (group.controller != "freezer") continue;
    write_text(group.folder + "/freezer.state", "FROZEN");
    wait_until_frozen(group.folder);
  }
  for (const auto pid : members()) ::kill(pid, SIGKILL);
  for (const auto& group : groups_)
    if (group.controller == "freezer") write_text(group.folder + "/freezer.state", "THAWED");
  return members().empty();
}

bool ControlGroup::out_of_memory() const {
  bool own_memory = false;
  for (const auto& group : groups_) {
    if (group.version == 1 && group.controller != "memory") continue;
    const auto file = group.folder + (group.version == 2 ? "/memory.events" : "/memory.oom_control");
    if (!io::exists(file)) continue;
    own_memory = true;
    if (counter(file, "oom_kill") > 0) return true;
  }
  return !own_memory && !around_.empty() && counter(around_, "oom_kill") > around_before_;
}

std::string ControlGroup::memory_file() const {
  for (const auto& group : groups_) {
    auto file = group.folder + "/memory.stat";
    if ((group.version == 2 || group.controller == "memory") && io::exists(file)) return file;
  }
  return {};
}

void ControlGroup::remove() {
  for (const auto& group : groups_) remove_groups(group.folder);
  std::erase_if(groups_, [](const Group& group) { return !io::exists(group.folder); });
}

std::string ControlGroup::describe() const {
  if (groups_.empty()) return "none";
  std::vector<std::string> parts;
  for (const auto& group : groups_) parts.push_back(group.version == 2 ? "cgroup2" : group.controller + "(v1)");
  return fmt::format("{}", fmt::join(parts, " "));
}

}  // namespace stoker::supervisor
