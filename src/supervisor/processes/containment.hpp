#pragma once
// The control groups of one attempt: kill all members at once, find what a crashed supervisor left, notice an out-of-memory kill.
// An addition, never the only means: the keeper's walk ends processes also where no group can be made. Groups are named
// `stoker-<digest of the attempt key>`, so that they are found again. Functions block for some milliseconds at most.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace stoker::supervisor {

/// kAutomatic takes what the machine allows: a v2 group, and those of v1 hierarchies (freezer, pids, memory).
enum class ContainmentKind : std::uint8_t { kAutomatic, kCgroup2, kCgroup1, kNone };
/// automatic, cgroup2, cgroup1, none.
Result<ContainmentKind> containment_kind_from_text(std::string_view text);

/// Where this process stands in one mounted hierarchy.
struct Hierarchy {
  int version = 2;
  std::string controller;  // v1: freezer, pids, memory; v2: empty
  std::string folder;      // absolute; of the group that this process is in
};
/// Pure, from the texts of /proc/self/mountinfo and /proc/self/cgroup; only hierarchies of use here.
std::vector<Hierarchy> parse_hierarchies(std::string_view mountinfo, std::string_view cgroup);

class ControlGroup {
 public:
  static std::string name_of(const std::string& attempt_key);
  /// Makes the groups that can be made; none is no error.
  static ControlGroup make(const std::string& attempt_key, ContainmentKind kind);
  /// Groups that an earlier supervisor made: in today's hierarchies, and `recorded` ones.
  static ControlGroup find(const std::string& attempt_key, const std::vector<std::string>& recorded);

  std::vector<std::string> folders() const;
  /// The files that take a process's number.
  std::vector<std::string> join_files() const;
  /// Members of all groups and their sub-groups.
  std::vector<int> members() const;
  /// One round of SIGKILL to all members: cgroup.kill, or no more forks (pids.max), freeze, kill, thaw. True when no member is left.
  bool kill();
  /// The kernel has killed a member for memory; without a memory group of our own: anything in the group around us since make().
  bool out_of_memory() const;
  /// memory.stat of the group of our own that counts memory; empty when there is none.
  std::string memory_file() const;
  /// Removes the groups with what scripts made below them; ones that are still in use stay.
  void remove();
  /// For the log: "cgroup2 memory(v1)", "none".
  std::string describe() const;

 private:
  struct Group {
    int version;
    std::string controller;
    std::string folder;
  };
  std::vector<Group> groups_;
  std::string around_;  // file with the oom_kill counter of the group around us, or /proc/vmstat
  std::uint64_t around_before_ = 0;
};

}  // namespace stoker::supervisor
