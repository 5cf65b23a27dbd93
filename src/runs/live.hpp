#pragma once
// What the server keeps in memory of runs: the lines in front of the targets and the places that are taken. Only live runs, and of
// waiting ones only what the scheduler needs. Made from the catalog at start, kept up to date by what the ledger announces.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>

#include "domain/run.hpp"
#include "runs/reconciler.hpp"
#include "runs/scheduler.hpp"
#include "targets/target.hpp"

namespace stoker::runs {

/// One target with its line.
struct Line {
  targets::Target* target = nullptr;
  Queue queue;
  Usage usage;                            // placed runs and those that are being placed
  std::optional<std::string> head_waits;  // the scheduler's last word
  std::optional<std::string> trouble;     // the target's last error, until something starts
  Duration not_before{0};                 // monotonic; no start before, after a trouble
  int failures = 0;                       // since the last success
};

/// A run that has a place. Times are the monotonic clock's.
struct Place {
  Run run;
  targets::Handle handle;
  Duration detached_since{0};
  std::optional<Duration> cancel_since;
  std::optional<Duration> recovered_at;
  bool is_busy = false;  // an action of the watch is under way
};

struct Live {
  std::map<std::string, Line> lines;
  std::unordered_map<RunId, Place> places;
  std::unordered_map<RunId, Session> sessions;  // interactive runs that sent a heartbeat
  std::unordered_map<RunId, RunId> roots;       // of those that have a parent: the top of their tree
  std::uint64_t next_order = 1;
  std::size_t placing = 0;

  const RunId& root_of(const RunId& run) const {
    const auto at = roots.find(run);
    return at == roots.end() ? run : at->second;
  }

  Line* line_of(const std::string& target) {
    const auto at = lines.find(target);
    return at == lines.end() ? nullptr : &at->second;
  }
  Session* session_of(const RunId& run) {
    const auto at = sessions.find(run);
    return at == sessions.end() ? nullptr : &at->second;
  }
  Place* place_of(const RunId& run) {
    const auto at = places.find(run);
    return at == places.end() ? nullptr : &at->second;
  }
};

}  // namespace stoker::runs
