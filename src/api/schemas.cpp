#include "api/schemas.hpp"

namespace stoker::api {

std::span<const NamedSchema> schemas() {
  static const std::vector<NamedSchema> all = {
      {"Health", {{"status", "text", "ok"}, {"instance", "text", "GUID of the server's data"}}},
      {"RunCounts", {{"queued", "integer"}, {"running", "integer"}}},
      {"Slots", {{"cpus", "integer"}, {"cpus_used", "integer"}, {"gpus", "integer"}, {"gpus_used", "integer"}}},
      {"Server",
       {{"version", "text"}, {"api_version", "integer"}, {"instance", "text", "GUID of the server's data"}, {"data_dir", "text"}, {"personal", "boolean", "started by a client for one person"},
        {"boot_id", "text"}, {"pid", "integer"}, {"started_at", "time"}, {"url", "text"}, {"runs", "RunCounts"}, {"slots", "Slots"}}},
      {"Check", {{"name", "text"}, {"ok", "boolean"}, {"message", "text"}}},
      {"Checks", {{"checks", "[Check]"}}},
      {"Stopping", {{"status", "text", "stopping"}}},
      {"Workspace", {{"id", "text", "GUID"}, {"subscription_id", "text"}, {"resource_group", "text"}, {"name", "text"}, {"created_at", "time"}, {"tags", "text_map"}}},
      {"Workspaces", {{"workspaces", "[Workspace]"}}},
      {"Experiment",
       {{"id", "text", "GUID"}, {"number", "integer", "1-based in the workspace"}, {"workspace_id", "text"}, {"name", "text"}, {"created_at", "time"}, {"archived_at", "time?"}, {"tags", "text_map"},
        {"run_count", "integer"}}},
      {"Experiments", {{"experiments", "[Experiment]"}}},
      {"WorkspaceName", {{"subscription_id", "text"}, {"resource_group", "text"}, {"name", "text"}}, true},
      {"EnvironmentSpec", {{"kind", "text", "user-managed"}, {"settings", "any", "of the kind"}, {"variables", "text_map"}}, true},
      {"Resources", {{"cpus", "integer", "slots, at least 1"}, {"gpus", "integer"}}, true},
      {"RunSpec",
       {{"workspace", "WorkspaceName"},
        {"experiment", "text"},
        {"display_name", "text?"},
        {"parent", "text?", "id of a run"},
        {"snapshot", "text?", "null: an empty working directory"},
        {"script", "text?", "exactly one of script, argv and command"},
        {"arguments", "[text]", "of the script"},
        {"argv", "[text]"},
        {"command", "text?", "a line for the shell"},
        {"environment", "EnvironmentSpec"},
        {"inherited", "text_map", "variables of the client's shell, the weakest layer"},
        {"environment_variables", "text_map"},
        {"target", "text"},
        {"resources", "Resources"},
        {"max_run_duration_seconds", "integer?", "null: no limit"},
        {"grace_seconds", "integer", "from SIGTERM to SIGKILL"},
        {"tags", "tag_map"},
        {"properties", "text_map"},
        {"submitted_by", "text"},
        {"source_directory", "text", "on the client, for people only"}},
       true},
      {"RunSpecs", {{"runs", "[RunSpec]"}}},
      {"RunEnd", {{"reason", "text", "exited, signaled, time_limit, canceled, out_of_memory, lost, start_failed"}, {"exit_code", "integer?"}, {"signal", "integer?"}, {"message", "text"}}},
      {"RunError", {{"code", "text", "UserError or ServiceError"}, {"message", "text"}, {"type", "text", "of the exception"}, {"trace", "text"}, {"hint", "text"}}},
      {"Phase", {{"name", "text"}, {"started_at", "time"}, {"ended_at", "time?"}}},
      {"Run",
       {{"id", "text"},
        {"number", "integer", "1-based in the experiment"},
        {"workspace_id", "text"},
        {"experiment_id", "text"},
        {"experiment", "text"},
        {"display_name", "text"},
        {"state", "text", "NotStarted, Starting, Provisioning, Preparing, Queued, Running, Finalizing, CancelRequested, Completed, Failed, Canceled, NotResponding"},
        {"attempt", "integer", "rises with each start"},
        {"target", "text"},
        {"parent", "text?"},
        {"snapshot", "text?"},
        {"spec", "RunSpec", "values of variables that look secret are ***"},
        {"gpus", "[integer]"},
        {"cancel_requested", "boolean"},
        {"cancel_by", "text"},
        {"created_at", "time"},
        {"started_at", "time?"},
        {"ended_at", "time?"},
        {"end", "RunEnd?"},
        {"error", "RunError?"},
        {"phases", "[Phase]"},
        {"tags", "tag_map"},
        {"properties", "text_map"}}},
      {"RunList", {{"runs", "[Run]"}}},
      {"RunPage", {{"runs", "[Run]"}, {"next_cursor", "text?", "null: that was all"}}},
      {"Explanation", {{"run_id", "text"}, {"state", "text"}, {"reasons", "[text]", "most important first"}, {"ahead", "integer?", "runs before it in the queue"}}},
      {"Event", {{"seq", "integer"}, {"time", "time"}, {"kind", "text"}, {"message", "text"}, {"data", "any"}}},
      {"Events", {{"events", "[Event]"}}},
      {"Point", {{"step", "integer?"}, {"time", "time"}, {"values", "[any]", "numbers, texts; NaN and the infinities as texts"}}},
      {"Series",
       {{"name", "text"}, {"kind", "text", "scalar, list, row, table, image"}, {"columns", "[text]"}, {"points", "[Point]"}, {"count", "integer", "how many there are"}, {"truncated", "boolean"}}},
      {"Metrics", {{"metrics", "[Series]"}}},
      {"File", {{"path", "text"}, {"size_bytes", "integer"}, {"sha256", "text?"}, {"created_at", "time"}, {"origin", "text", "outputs, logs, upload, log"}}},
      {"Files", {{"files", "[File]"}}},
      {"StoredFile",
       {{"path", "text"}, {"size_bytes", "integer"}, {"sha256", "text"}, {"created_at", "time"}, {"origin", "text"}, {"kept", "text?", "upload: an explicit upload was there and stays"}}},
      {"PackStats", {{"objects", "integer"}, {"bytes", "integer"}, {"new_objects", "integer"}}},
      {"SnapshotInfo", {{"id", "text"}, {"files", "integer"}, {"bytes", "integer"}}},
      {"SnapshotFile", {{"path", "text"}, {"size_bytes", "integer"}, {"mode", "text", "100644, 100755, 120000"}, {"sha256", "text?", "null for links and files over 8 MiB"}, {"link", "text?"}}},
      {"Snapshot", {{"id", "text"}, {"files", "[SnapshotFile]"}}},
      {"Difference", {{"added", "[text]"}, {"removed", "[text]"}, {"changed", "[text]"}}},
      {"Mistake", {{"path", "text"}, {"message", "text"}}},
      {"ErrorBody", {{"code", "text"}, {"message", "text"}, {"cause", "text"}, {"hint", "text"}, {"mistakes", "[Mistake]"}, {"retryable", "boolean"}}},
      {"Error", {{"error", "ErrorBody"}}},
  };
  return all;
}

json::object schema_of_type(std::string_view type) {
  if (type.ends_with('?')) {
    auto inner = schema_of_type(type.substr(0, type.size() - 1));
    // OpenAPI 3.0 ignores what stands beside a $ref.
    if (inner.contains("$ref")) return {{"allOf", json::array{std::move(inner)}}, {"nullable", true}};
    inner["nullable"] = true;
    return inner;
  }
  if (type.starts_with('[')) return {{"type", "array"}, {"items", schema_of_type(type.substr(1, type.size() - 2))}};
  if (type == "text") return {{"type", "string"}};
  if (type == "integer" || type == "number" || type == "boolean") return {{"type", type}};
  if (type == "time") return {{"type", "string"}, {"format", "date-time"}};
  if (type == "any") return {};
  if (type == "text_map") return {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}};
  if (type == "tag_map") return {{"type", "object"}, {"additionalProperties", {{"type", "string"}, {"nullable", true}}}};
  return {{"$ref", "#/components/schemas/" + std::string(type)}};
}

}  // namespace stoker::api
