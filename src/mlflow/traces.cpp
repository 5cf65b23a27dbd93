// Traces: kept, listed and tagged; their spans are a file of the trace (traces.json) that the client uploads itself.
#include <algorithm>

#include <fmt/format.h>

#include "mlflow/artifact_access.hpp"
#include "mlflow/artifact_path.hpp"
#include "mlflow/trace_records.hpp"

namespace stoker::mlflow {
namespace {

using catalog::Trace;

constexpr std::size_t kMostLinked = 100;

/// A run's token writes the traces of its experiment.
io::Task<Status> check_write(Request& request, std::int64_t experiment) {
  const auto& caller = request.call.caller;
  if (caller.kind != api::Caller::Kind::kRun) co_return ok();
  auto read = [workspace = request.workspace, run = caller.run](db::Connection& connection) {
    return catalog::artifact_root_of(connection, workspace, run);
  };
  CO_TRY(const auto root, co_await request.services().catalog.read(std::move(read)));
  if (root.starts_with(fmt::format("{}/", experiment))) co_return ok();
  co_return Error(ErrorCode::kForbidden, "the token of a run writes the traces of its own experiment");
}

io::Task<Result<Trace>> find_trace(Request& request, std::string id) {
  auto read = [workspace = request.workspace, id = std::move(id)](db::Connection& connection) {
    return catalog::find_trace(connection, workspace, id);
  };
  co_return co_await request.services().catalog.read(std::move(read));
}

io::Task<Result<Trace>> store(Request& request, Trace trace) {
  CO_CHECK_OK(co_await check_write(request, trace.experiment));
  auto write = [workspace = request.workspace, trace = std::move(trace)](db::Transaction& transaction) -> Result<Trace> {
    CHECK_OK(catalog::put_trace(transaction, workspace, trace));
    return catalog::find_trace(transaction, workspace, trace.id);
  };
  co_return co_await request.services().catalog.write(std::move(write));
}

template <class Change>
io::Task<Result<Trace>> change_trace(Request& request, std::string id, Change change) {
  CO_TRY(const auto named, co_await find_trace(request, std::move(id)));
  CO_CHECK_OK(co_await check_write(request, named.experiment));
  auto write = [workspace = request.workspace, id = named.id, change = std::move(change)](db::Transaction& transaction) -> Result<Trace> {
    TRY(auto trace, catalog::find_trace(transaction, workspace, id));
    CHECK_OK(change(trace));
    CHECK_OK(catalog::put_trace(transaction, workspace, trace));
    return trace;
  };
  co_return co_await request.services().catalog.write(std::move(write));
}

json::object answer(const Trace& trace) { return {{"trace", {{"trace_info", trace_record(trace)}}}}; }

io::Task<Result<json::object>> start_new_trace(Request& request) {
  CO_TRY(const auto body, request.fields().child("trace"));
  if (!body) co_return missing("trace");
  CO_TRY(const auto info, body->child("trace_info"));
  if (!info) co_return missing("trace.trace_info");
  CO_TRY(auto trace, read_trace(*info));
  CO_TRY(const auto stored, co_await store(request, std::move(trace)));
  co_return answer(stored);
}

io::Task<Result<json::object>> get_trace(Request& request) {
  CO_TRY(const auto trace, co_await find_trace(request, std::string(request.parameter("trace"))));
  co_return answer(trace);
}

io::Task<Result<json::object>> get_infos(Request& request) {
  CO_TRY(const auto ids, request.fields().texts("trace_ids"));
  json::array list;
  for (const auto& id : ids) {
    const auto trace = co_await find_trace(request, id);
    if (trace) list.push_back(trace_record(*trace));
  }
  json::object body;
  if (!list.empty()) body["trace_infos"] = std::move(list);
  co_return body;
}

/// Which of an experiment's traces go: those named, or the oldest up to a time.
struct Doomed {
  std::int64_t experiment = 0;
  std::optional<std::int64_t> until;
  std::size_t most = 0;  // 0: no limit
  std::vector<std::string> ids;
};

Result<Doomed> read_doomed(const Fields& fields) {
  Doomed doomed;
  TRY(doomed.experiment, fields.required_integer("experiment_id"));
  TRY(doomed.until, fields.integer("max_timestamp_millis"));
  TRY(const auto most, fields.integer("max_traces"));
  TRY(doomed.ids, fields.texts("request_ids"));
  if (most && *most <= 0) return invalid("max_traces", *most, "It must be a positive integer");
  doomed.most = static_cast<std::size_t>(most.value_or(0));
  if (!doomed.until && doomed.ids.empty())
    return Error(ErrorCode::kInvalidInput, "Either `max_timestamp_millis` or `request_ids` must be specified.");
  if (doomed.until && !doomed.ids.empty())
    return Error(ErrorCode::kInvalidInput, "Only one of `max_timestamp_millis` and `request_ids` can be specified.");
  return doomed;
}

Result<std::vector<Trace>> choose(db::Connection& connection, const WorkspaceId& workspace, const Doomed& doomed) {
  std::vector<Trace> chosen;
  for (const auto& id : doomed.ids) {
    auto trace = catalog::find_trace(connection, workspace, id);
    if (trace && trace->experiment == doomed.experiment) chosen.push_back(std::move(*trace));
  }
  if (!doomed.until) return chosen;
  const auto before = *doomed.until == std::numeric_limits<std::int64_t>::max() ? *doomed.until : *doomed.until + 1;
  TRY(chosen, catalog::list_traces(connection, workspace, doomed.experiment, {before, 0}, 1U << 20));
  std::ranges::reverse(chosen);
  if (doomed.most > 0 && chosen.size() > doomed.most) chosen.resize(doomed.most);
  return chosen;
}

io::Task<Result<json::object>> delete_traces(Request& request) {
  CO_TRY(const auto doomed, read_doomed(request.fields()));
  CO_CHECK_OK(co_await check_write(request, doomed.experiment));
  auto write = [workspace = request.workspace, doomed](db::Transaction& transaction) -> Result<std::size_t> {
    TRY(const auto chosen, choose(transaction, workspace, doomed));
    for (const auto& trace : chosen) {
      CHECK_OK(catalog::remove_artifacts(transaction, {workspace, std::nullopt, fmt::format("{}/traces/{}", trace.experiment, trace.id)}));
      CHECK_OK(catalog::remove_trace(transaction, trace));
    }
    return chosen.size();
  };
  CO_TRY(const auto count, co_await request.services().catalog.write(std::move(write)));
  co_return json::object{{"traces_deleted", count}};
}

io::Task<Result<json::object>> set_tag(Request& request) {
  CO_TRY(const auto key, request.fields().required_text("key"));
  CO_TRY(const auto value, request.fields().text_or("value", ""));
  const json::object one{{"tags", json::array{json::object{{"key", key}, {"value", value}}}}};
  CO_TRY(const auto tags, read_trace_labels(Fields(one), "tags"));
  CO_CHECK_OK(co_await change_trace(request, std::string(request.parameter("trace")), [tags](Trace& trace) -> Status {
    for (const auto& [name, text] : tags) trace.tags[name] = text;
    return ok();
  }));
  co_return json::object();
}

io::Task<Result<json::object>> delete_tag(Request& request) {
  CO_TRY(const auto key, request.fields().required_text("key"));
  CO_CHECK_OK(co_await change_trace(request, std::string(request.parameter("trace")), [key](Trace& trace) -> Status {
    if (trace.tags.erase(key) > 0) return ok();
    return Error(ErrorCode::kNotFound, fmt::format("No trace tag with key '{}' for trace with ID '{}'", key, trace.id));
  }));
  co_return json::object();
}

io::Task<Result<json::object>> link_to_run(Request& request) {
  CO_TRY(const auto ids, request.fields().texts("trace_ids"));
  CO_TRY(const auto run, request.fields().required_text("run_id"));
  if (ids.size() > kMostLinked) co_return Error(ErrorCode::kInvalidInput, fmt::format("At most {} traces can be linked at once.", kMostLinked));
  for (const auto& id : ids) {
    CO_CHECK_OK(co_await change_trace(request, id, [run](Trace& trace) -> Status {
      trace.metadata.try_emplace("mlflow.sourceRun", run);
      return ok();
    }));
  }
  co_return json::object();
}

// Version 2, for clients of MLflow 2.

json::object old_answer(const Trace& trace) { return {{"trace_info", old_trace_record(trace)}}; }

io::Task<Result<json::object>> start_old_trace(Request& request) {
  CO_TRY(auto trace, read_old_trace(request.fields()));
  trace.id = "tr-" + request.services().random.hex(16);
  trace.tags["mlflow.artifactLocation"] = artifact_uri(trace_artifacts(trace));
  CO_TRY(const auto stored, co_await store(request, std::move(trace)));
  co_return old_answer(stored);
}

io::Task<Result<json::object>> end_old_trace(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto end, fields.required_integer("timestamp_ms"));
  CO_TRY(const auto status, fields.required_text("status"));
  CO_TRY(const auto metadata, read_trace_labels(fields, "request_metadata"));
  CO_TRY(const auto tags, read_trace_labels(fields, "tags"));
  auto change = [end, status, metadata, tags](Trace& trace) -> Status {
    trace.duration = end - trace.time;
    trace.state = status;
    for (const auto& [key, value] : metadata) trace.metadata[key] = value;
    for (const auto& [key, value] : tags) trace.tags[key] = value;
    return ok();
  };
  CO_TRY(const auto trace, co_await change_trace(request, std::string(request.parameter("trace")), std::move(change)));
  co_return old_answer(trace);
}

io::Task<Result<json::object>> get_old_trace(Request& request) {
  CO_TRY(const auto trace, co_await find_trace(request, std::string(request.parameter("trace"))));
  co_return old_answer(trace);
}

io::Task<Result<json::object>> start_trace(Request& request) {
  if (has(kBoth3, request.base)) co_return co_await start_new_trace(request);
  co_return co_await start_old_trace(request);
}

/// The spans, as the client uploaded them.
io::Task<Result<api::Reply>> get_spans(Request& request) {
  CO_TRY(auto id, request.fields().required_text("request_id"));
  CO_TRY(const auto trace, co_await find_trace(request, std::move(id)));
  CO_TRY(auto place, co_await reach_artifact(request, trace_artifacts(trace) + "/traces.json", Use::kRead));
  co_return co_await send_artifact(request, std::move(place));
}

}  // namespace

void add_trace_routes(std::vector<Route>& table) {
  using api::Method;
  constexpr auto kReader = api::Access::kReader | api::Access::kRun;
  constexpr auto kWriter = api::Access::kOwner | api::Access::kRun;
  const auto post = [&table](std::string_view pattern, Base bases, api::Access access, Handler handler) {
    table.emplace_back(Method::kPost, pattern, bases, access, Body::kJson, handler);
  };
  post("mlflow/traces", kBoth2 | kBoth3, kWriter, &answer_json<&start_trace>);
  post("mlflow/traces/batchGetInfos", kBoth3, kReader, &answer_json<&get_infos>);
  post("mlflow/traces/delete-traces", kBoth2 | kBoth3, kWriter, &answer_json<&delete_traces>);
  post("mlflow/traces/link-to-run", kBoth2 | kBoth3, kWriter, &answer_json<&link_to_run>);
  table.emplace_back(Method::kGet, "mlflow/traces/{trace}", kBoth3, kReader, Body::kNone, &answer_json<&get_trace>);
  table.emplace_back(Method::kPatch, "mlflow/traces/{trace}/tags", kBoth2 | kBoth3, kWriter, Body::kJson, &answer_json<&set_tag>);
  table.emplace_back(Method::kDelete, "mlflow/traces/{trace}/tags", kBoth2 | kBoth3, kWriter, Body::kJson, &answer_json<&delete_tag>);
  table.emplace_back(Method::kPatch, "mlflow/traces/{trace}", kBoth2, kWriter, Body::kJson, &answer_json<&end_old_trace>);
  table.emplace_back(Method::kGet, "mlflow/traces/{trace}/info", kBoth2, kReader, Body::kNone, &answer_json<&get_old_trace>);
  table.emplace_back(Method::kGet, "mlflow/get-trace-artifact", Base::kAjax2 | Base::kAjax3, kReader, Body::kNone, &get_spans);
}

}  // namespace stoker::mlflow
