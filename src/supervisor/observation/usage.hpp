#pragma once
// What the processes of a run use, read from the kernel's own books: cheap, without privilege, and nothing is missed between two looks,
// since the kernel adds the dead to the parent that waits for them and the keeper is the last parent of all.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stoker::supervisor {

/// One process with the children that it has waited for.
struct ProcessUsage {
  std::uint64_t cpu_ticks = 0;   // user and system, of all threads
  std::uint64_t resident = 0;    // pages
  std::uint64_t read_bytes = 0;  // from disks
  std::uint64_t written_bytes = 0;
  ProcessUsage& operator+=(const ProcessUsage& other);
};

/// Pure: the texts of /proc/PID/stat and /proc/PID/io. nullopt for a text that is none. Without `io` (another user's process) its bytes are 0.
std::optional<ProcessUsage> parse_usage(std::string_view stat, std::string_view io);

/// Of `root` and everything below it, now. Walks the children that the kernel lists, so its cost follows the run and not the machine.
ProcessUsage usage_of_tree(pid_t root);

/// Anonymous and shared memory of a control group, from the text of its memory.stat (v2 or v1); the page cache does not count. Pure.
std::optional<std::uint64_t> parse_group_memory(std::string_view memory_stat);

}  // namespace stoker::supervisor
