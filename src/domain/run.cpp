#include "domain/run.hpp"

#include <algorithm>

#include "domain/names.hpp"

namespace stoker {
namespace {

constexpr std::array<std::string_view, kRunStateCount> kStateNames = {"NotStarted", "Starting", "Provisioning", "Preparing",
                                                                      "Queued",     "Running",  "Finalizing",   "CancelRequested",
                                                                      "Completed",  "Failed",   "Canceled",     "NotResponding"};
constexpr std::array<std::string_view, 8> kEndNames = {"exited",        "signaled", "time_limit",   "canceled",
                                                       "out_of_memory", "lost",     "start_failed", "reported"};

std::map<std::string, std::string> shown(std::map<std::string, std::string> variables) {
  for (auto& [name, value] : variables)
    if (looks_secret(name)) value = "***";
  return variables;
}

json::value end_to_json(const std::optional<RunEnd>& end) {
  if (!end) return nullptr;
  return {{"reason", to_text(end->reason)},
          {"exit_code", json_or_null(end->exit_code)},
          {"signal", json_or_null(end->signal)},
          {"message", end->message}};
}

json::value error_to_json(const std::optional<RunError>& error) {
  if (!error) return nullptr;
  return {{"code", error->code}, {"message", error->message}, {"type", error->type}, {"trace", error->trace}, {"hint", error->hint}};
}

}  // namespace

std::string_view to_text(RunState state) { return kStateNames[static_cast<std::size_t>(state)]; }
std::optional<RunState> run_state_from_text(std::string_view text) {
  const auto at = std::ranges::find(kStateNames, text);
  if (at == kStateNames.end()) return std::nullopt;
  return static_cast<RunState>(at - kStateNames.begin());
}
std::string_view to_text(EndReason reason) { return kEndNames[static_cast<std::size_t>(reason)]; }
std::optional<EndReason> end_reason_from_text(std::string_view text) {
  const auto at = std::ranges::find(kEndNames, text);
  if (at == kEndNames.end()) return std::nullopt;
  return static_cast<EndReason>(at - kEndNames.begin());
}

json::object to_json(const Run& run) {
  RunSpec spec = run.spec;
  spec.environment_variables = shown(std::move(spec.environment_variables));
  spec.inherited = shown(std::move(spec.inherited));
  spec.environment.variables = shown(std::move(spec.environment.variables));
  json::array phases;
  for (const auto& phase : run.phases)
    phases.push_back({{"name", phase.name}, {"started_at", format_time(phase.started_at)}, {"ended_at", json_or_null(phase.ended_at)}});
  json::object tags;
  for (const auto& [key, value] : run.tags) tags[key] = json_or_null(value);
  json::object body;
  body["id"] = run.id.text();
  body["number"] = run.number;
  body["workspace_id"] = run.workspace.text();
  body["experiment_id"] = run.experiment.text();
  body["experiment"] = run.experiment_name;
  body["kind"] = to_text(run.spec.kind);
  body["display_name"] = run.display_name;
  body["description"] = run.description;
  body["state"] = to_text(run.state);
  body["attempt"] = run.attempt;
  body["target"] = run.spec.target;
  body["parent"] = run.spec.parent ? json::value(run.spec.parent->text()) : json::value(nullptr);
  body["snapshot"] = run.spec.snapshot ? json::value(run.spec.snapshot->text()) : json::value(nullptr);
  body["spec"] = to_json(spec);
  body["gpus"] = json::value_from(run.gpu_indices);
  body["cancel_requested"] = run.cancel_requested;
  body["cancel_by"] = run.cancel_by;
  body["created_at"] = format_time(run.created_at);
  body["started_at"] = json_or_null(run.started_at);
  body["ended_at"] = json_or_null(run.ended_at);
  body["archived_at"] = json_or_null(run.archived_at);
  body["end"] = end_to_json(run.end);
  body["error"] = error_to_json(run.error);
  body["phases"] = std::move(phases);
  body["tags"] = std::move(tags);
  body["properties"] = to_json(run.properties);
  return body;
}

}  // namespace stoker
