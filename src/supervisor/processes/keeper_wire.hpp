#pragma once
// What supervisor and keeper say to each other over their SOCK_SEQPACKET pair: one fixed struct a message. A spawn request carries three
// descriptors: a memfd with the texts, stdout, stderr. Both ends are one binary, so there is no version.

#include <sys/types.h>

#include <cstdint>

namespace stoker::supervisor::keeper_wire {

enum class Ask : std::uint32_t { kSpawn = 1, kSignalAll = 2, kKillAll = 3 };

/// Texts in the memfd, each with its NUL: working directory, arguments, environment, join files.
struct Request {
  Ask ask;
  std::int32_t signal;
  std::uint32_t arguments, environment, join;
  std::uint64_t bytes;
};

enum class Tell : std::uint32_t {
  kSpawned = 1,    // pid
  kFailed = 2,     // value: errno, step: what failed
  kMainEnded = 3,  // value: wait status
  kEmpty = 4,      // no process is left
};
enum class Step : std::uint32_t { kFork = 1, kFolder = 2, kDescriptors = 3, kExec = 4, kRequest = 5 };

struct Reply {
  Tell tell;
  pid_t pid;
  std::int32_t value;
  Step step;
};

[[noreturn]] void run_keeper(int socket);

}  // namespace stoker::supervisor::keeper_wire
