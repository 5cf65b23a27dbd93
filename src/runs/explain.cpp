#include "runs/explain.hpp"

#include <fmt/format.h>

namespace stoker::runs {
namespace {

void explain_wait(const Run& run, const Circumstances& known, std::vector<std::string>& reasons) {
  if (known.start_trouble)
    reasons.push_back(fmt::format("the target \"{}\" could not start it and will be asked again: {}", run.spec.target, *known.start_trouble));
  if (known.ahead && *known.ahead > 0)
    reasons.push_back(fmt::format("waits for its turn on the target \"{}\": {} ahead", run.spec.target,
                                  *known.ahead == 1 ? std::string("1 run is") : fmt::format("{} runs are", *known.ahead)));
  for (const auto& wait : known.waits) reasons.push_back(known.ahead.value_or(0) > 0 ? "the first in the line " + wait : wait);
  if (reasons.empty()) reasons.push_back(fmt::format("starts on the target \"{}\" in a moment", run.spec.target));
}

std::string by(const Run& run) { return run.cancel_by.empty() ? std::string() : " by " + run.cancel_by; }

void explain_place(const Run& run, const Circumstances& known, Time now, std::vector<std::string>& reasons) {
  switch (run.state) {
    case RunState::kStarting: reasons.push_back("has its place; its supervisor is about to begin"); break;
    case RunState::kProvisioning: reasons.push_back("compute is being made for it"); break;
    case RunState::kPreparing: reasons.push_back("its supervisor fetches the snapshot and enters the environment"); break;
    case RunState::kQueued: reasons.push_back(fmt::format("waits inside the target \"{}\"", run.spec.target)); break;
    case RunState::kRunning: reasons.push_back(fmt::format("runs for {}", format_duration(now - run.started_at.value_or(now)))); break;
    case RunState::kFinalizing:
      reasons.push_back(fmt::format("the program {}; its files are being collected", run.end ? run.end->message : "ended"));
      break;
    case RunState::kCancelRequested:
      reasons.push_back(fmt::format("a cancel was requested{}; its processes have {} s to end", by(run), run.spec.grace_seconds));
      break;
    case RunState::kNotResponding:
      reasons.push_back("nothing was heard of its supervisor for a while; what it does is kept there and told when it is back");
      break;
    default: break;
  }
  if (!known.supervisor_attached && run.state != RunState::kNotResponding)
    reasons.push_back("its supervisor is not connected at the moment; nothing is lost");
}

void explain_interactive(const Run& run, Time now, std::vector<std::string>& reasons) {
  if (run.state == RunState::kNotStarted) reasons.push_back("waits for its client to start it");
  else if (run.state == RunState::kNotResponding)
    reasons.push_back("nothing was heard of its client for a while; it may come back, or somebody cancels the run");
  else reasons.push_back(fmt::format("was begun {} ago and ends when its client says so", format_duration(now - run.started_at.value_or(now))));
}

void explain_end(const Run& run, std::vector<std::string>& reasons) {
  if (run.state == RunState::kCompleted) reasons.push_back("completed: " + run.end->message);
  else if (run.state == RunState::kCanceled) reasons.push_back(run.end && !run.end->message.empty() ? run.end->message : "canceled" + by(run));
  else reasons.push_back("failed: " + (run.end ? run.end->message : std::string("no reason was recorded")));
  if (!run.error) return;
  if (!run.error->message.empty()) reasons.push_back(run.error->message);
  if (!run.error->hint.empty()) reasons.push_back(run.error->hint);
}

}  // namespace

Explanation explain(const Run& run, const Circumstances& known, Time now) {
  Explanation explanation{.run = run.id, .state = run.state, .reasons = {}, .ahead = std::nullopt};
  if (is_terminal(run.state)) explain_end(run, explanation.reasons);
  else if (run.spec.kind == RunKind::kInteractive) explain_interactive(run, now, explanation.reasons);
  else if (run.state == RunState::kNotStarted) explain_wait(run, known, explanation.reasons);
  else explain_place(run, known, now, explanation.reasons);
  if (run.state == RunState::kNotStarted) explanation.ahead = known.ahead;
  return explanation;
}

json::object to_json(const Explanation& explanation) {
  return {{"run_id", explanation.run.text()},
          {"state", to_text(explanation.state)},
          {"reasons", json::value_from(explanation.reasons)},
          {"ahead", json_or_null(explanation.ahead)}};
}

}  // namespace stoker::runs
