// Runs: made, read, renamed, ended, deleted.
#include <array>

#include <fmt/format.h>

#include "api/reach.hpp"
#include "base/json.hpp"
#include "catalog/runs.hpp"
#include "catalog/workspaces.hpp"
#include "domain/names.hpp"
#include "mlflow/experiments.hpp"
#include "mlflow/limits.hpp"
#include "mlflow/run_access.hpp"
#include "mlflow/run_json.hpp"

namespace stoker::mlflow {
namespace {

constexpr std::string_view kRunName = "mlflow.runName";
constexpr std::string_view kParent = "mlflow.parentRunId";
constexpr std::array<std::string_view, 5> kStatuses = {"RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"};
/// Milliseconds that fit our microseconds.
constexpr std::int64_t kLatestTime = 9'000'000'000'000'000;

Result<std::optional<Time>> read_time(const Fields& fields, std::string_view name) {
  TRY(const auto millis, fields.integer(name));
  if (!millis) return std::optional<Time>();
  if (*millis < -kLatestTime || *millis > kLatestTime)
    return invalid(fields.path_of(name), json::value(*millis), "It must be a number of milliseconds since 1970");
  return std::optional(from_micros(*millis * 1000));
}

struct NewRun {
  std::int64_t experiment = 0;
  std::string name;
  std::optional<Time> started_at;
  std::string user;
  std::map<std::string, std::string> tags;
};

/// `run_name`, else the tag, else `adjective-noun-<0..999>`.
Result<std::string> name_of(std::string given, std::map<std::string, std::string>& tags, Random& random) {
  const auto tag = tags.find(std::string(kRunName));
  const std::string tagged = tag == tags.end() ? std::string() : tag->second;
  if (tag != tags.end()) tags.erase(tag);
  if (!given.empty() && !tagged.empty() && given != tagged)
    return Error(ErrorCode::kInvalidInput,
                 fmt::format("Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='{}', "
                             "mlflow.runName='{}').",
                             given, tagged));
  if (!given.empty()) return given;
  if (!tagged.empty()) return tagged;
  auto made = new_display_name(random);
  for (auto& c : made)
    if (c == '_') c = '-';
  const auto number = std::stoul(random.hex(2), nullptr, 16) % 1000;
  return fmt::format("{}-{}", made.substr(0, made.rfind('-')), number);
}

Result<NewRun> read_new_run(const Fields& fields, Random& random) {
  NewRun wish;
  TRY(const auto experiment, fields.required_text("experiment_id"));
  TRY(wish.experiment, experiment_number(experiment));
  TRY(auto user, fields.text_or("user_id", ""));
  wish.user = std::move(user);
  TRY(auto name, fields.text_or("run_name", ""));
  TRY(const auto start, read_time(fields, "start_time"));
  wish.started_at = start.value_or(from_micros(0));
  TRY(auto tags, fields.pairs("tags"));
  // Keys and lengths are not looked at here upstream; the last of a key wins.
  for (auto& [key, value] : tags) wish.tags[key] = cut(std::move(value), kLongestRunTag);
  TRY(wish.name, name_of(std::move(name), wish.tags, random));
  return wish;
}

/// What the catalog says of experiment, workspace and parent.
struct Ground {
  std::string experiment;
  WorkspaceName workspace;
  std::optional<RunId> parent;
};

Result<Ground> look_around(db::Connection& connection, const WorkspaceId& id, std::int64_t number, const std::optional<RunId>& parent) {
  Ground ground;
  TRY(const auto experiment, require_active_experiment(connection, id, number));
  ground.experiment = experiment.name;
  TRY(const auto workspace, catalog::find_workspace(connection, id));
  ground.workspace = workspace.name;
  if (parent) {
    TRY(const auto mark, catalog::look_up_run_mark(connection, *parent));
    if (mark && mark->workspace == id) ground.parent = parent;
  }
  return ground;
}

/// A tag may name the parent; a run's token makes its runs below its own run.
std::optional<RunId> parent_of(const Request& request, const NewRun& wish) {
  const auto tag = wish.tags.find(std::string(kParent));
  if (tag != wish.tags.end() && !tag->second.empty()) return RunId(tag->second);
  if (request.call.caller.kind == api::Caller::Kind::kRun) return request.call.caller.run;
  return std::nullopt;
}

io::Task<Result<json::object>> create(Request& request) {
  auto& services = request.services();
  CO_TRY(auto wish, read_new_run(request.fields(), services.random));
  auto parent = parent_of(request, wish);
  auto look = [workspace = request.workspace, number = wish.experiment, parent](db::Connection& connection) {
    return look_around(connection, workspace, number, parent);
  };
  CO_TRY(auto ground, co_await services.catalog.read(std::move(look)));
  runs::InteractiveWish begin;
  begin.spec.kind = RunKind::kInteractive;
  begin.spec.workspace = ground.workspace;
  begin.spec.experiment = ground.experiment;
  begin.spec.display_name = wish.name;
  begin.spec.parent = ground.parent;
  begin.spec.submitted_by = wish.user;
  const std::vector<RunSpec> specs{begin.spec};
  CO_CHECK_OK(co_await api::check_submitter(request.call, specs));
  begin.id = RunId(services.random.hex(16));
  begin.started_at = wish.started_at;
  begin.user = wish.user;
  begin.tags = std::move(wish.tags);
  begin.parent_may_have_ended = true;
  const auto id = *begin.id;
  std::vector<runs::InteractiveWish> wishes;
  wishes.push_back(std::move(begin));
  CO_TRY(const auto made, co_await services.runs.begin_interactive(std::move(wishes), std::nullopt));
  CO_TRY(const auto run, co_await read_run(request, id));
  auto body = run_json(run);
  body.erase("outputs");
  co_return json::object{{"run", std::move(body)}};
}

io::Task<Result<json::object>> get(Request& request) {
  CO_TRY(const auto id, request.fields().run_id());
  CO_CHECK_OK(co_await check_readable(request, RunId(id)));
  CO_TRY(const auto run, co_await read_run(request, RunId(id)));
  co_return json::object{{"run", run_json(run)}};
}

std::optional<RunState> state_of(std::optional<std::size_t> status) {
  constexpr std::array kStates = {RunState::kRunning, RunState::kNotStarted, RunState::kCompleted, RunState::kFailed, RunState::kCanceled};
  if (!status || kStates[*status] == RunState::kNotStarted) return std::nullopt;  // what runs is not scheduled again
  return kStates[*status];
}

io::Task<Result<json::object>> update(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto id, fields.run_id());
  CO_TRY(const auto status, fields.choice("status", kStatuses));
  CO_TRY(const auto ended_at, read_time(fields, "end_time"));
  CO_TRY(const auto name, fields.text_or("run_name", ""));
  const RunId run(id);
  CO_CHECK_OK(co_await check_writable(request, run));
  if (!name.empty()) {
    auto rename = [run, name](db::Transaction& transaction, std::int64_t) { return catalog::set_display_name(transaction, run, name); };
    CO_CHECK_OK(co_await write_run(request, run, std::move(rename)));
  }
  runs::Word word{.state = state_of(status), .ended_at = ended_at, .by = "MLflow"};
  CO_CHECK_OK(co_await request.services().runs.note_word(run, std::move(word)));
  CO_TRY(const auto now, co_await read_run(request, run));
  co_return json::object{{"run_info", run_info_json(now)}};
}

/// Twice is the same as once.
io::Task<Result<json::object>> set_deleted(Request& request, bool deleted) {
  CO_TRY(const auto id, request.fields().required_text("run_id"));
  const RunId run(id);
  CO_CHECK_OK(co_await check_readable(request, run));
  CO_CHECK_OK(co_await api::check_run_reach(request.call, run, true));
  auto write = [run, deleted, now = request.services().clock.now()](db::Transaction& transaction, std::int64_t) -> Status {
    TRY(const auto mark, catalog::look_up_run_mark(transaction, run));
    if (!mark || mark->is_archived == deleted) return ok();
    return catalog::set_archived(transaction, run, deleted ? std::optional(now) : std::nullopt);
  };
  const auto done = co_await write_run(request, run, std::move(write));
  request.services().runs.known().forget(run);
  CO_CHECK_OK(done);
  co_return json::object();
}

io::Task<Result<json::object>> delete_one(Request& request) { co_return co_await set_deleted(request, true); }
io::Task<Result<json::object>> restore(Request& request) { co_return co_await set_deleted(request, false); }

}  // namespace

void add_run_routes(std::vector<Route>& table) {
  using api::Method;
  constexpr auto kReader = api::Access::kReader | api::Access::kRun;
  constexpr auto kWriter = api::Access::kOwner | api::Access::kRun;
  table.emplace_back(Method::kPost, "mlflow/runs/create", kBoth2, kWriter, Body::kJson, &answer_json<&create>);
  table.emplace_back(Method::kGet, "mlflow/runs/get", kBoth2, kReader, Body::kNone, &answer_json<&get>);
  table.emplace_back(Method::kPost, "mlflow/runs/update", kBoth2, kWriter, Body::kJson, &answer_json<&update>);
  table.emplace_back(Method::kPost, "mlflow/runs/delete", kBoth2, kWriter, Body::kJson, &answer_json<&delete_one>);
  table.emplace_back(Method::kPost, "mlflow/runs/restore", kBoth2, kWriter, Body::kJson, &answer_json<&restore>);
}

}  // namespace stoker::mlflow
