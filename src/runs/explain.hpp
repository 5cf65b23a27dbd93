#pragma once
// "Why is this run where it is": reasons recorded where they were decided, told by `stoker run explain` and the studio.

#include <optional>
#include <string>
#include <vector>

#include "domain/run.hpp"

namespace stoker::runs {

struct Explanation {
  RunId run;
  RunState state = RunState::kNotStarted;
  std::vector<std::string> reasons;   // whole sentences, most important first; never empty
  std::optional<std::int64_t> ahead;  // runs before it in its target's queue; nullopt when it does not wait
};

/// {"run_id","state","reasons","ahead"}
json::object to_json(const Explanation& explanation);

/// What is known besides the run itself.
struct Circumstances {
  std::vector<std::string> waits;  // the scheduler's words on a waiting run
  std::optional<std::int64_t> ahead;
  std::optional<std::string> start_trouble;  // the target's last error, when it will be tried again
  bool supervisor_attached = false;
};
Explanation explain(const Run& run, const Circumstances& circumstances, Time now);

}  // namespace stoker::runs
