#pragma once
// Signals to all descendants of a process, found through /proc. Used by the keeper and after its death; needs no cgroup and no privilege.
// A process found twice is recognised by its start time, and signalled through a pidfd, so a reused number is never hit.

#include <sys/types.h>

namespace stoker::supervisor {

/// Sends `signal` once to every descendant of `root`, also to those that appear meanwhile, and continues the stopped ones.
void signal_descendants(pid_t root, int signal);
/// One round against a fork bomb: stops all descendants until a scan finds no new one, then kills them.
/// False when there was nothing that may be killed (nothing left, or not ours: set-user-id programs).
bool kill_descendants(pid_t root);
/// Kills descendants of the calling process and reaps them until it has no child left.
void kill_and_reap_all();

}  // namespace stoker::supervisor
