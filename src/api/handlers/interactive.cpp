#include "api/handlers/interactive.hpp"

#include <fmt/format.h>

#include "api/handlers/run_record.hpp"
#include "api/reach.hpp"
#include "domain/names.hpp"

namespace stoker::api {
namespace {

constexpr std::size_t kMostAtOnce = 1000;
constexpr std::size_t kBytesAtOnce = 32U << 20;
constexpr std::size_t kLongestTrace = 16U << 10;

/// The fields that an interactive run shares with any other are read by the specification's own reader, the two that are its own here.
runs::InteractiveWish read_wish(json::value value, const std::string& path, std::vector<Mistake>& mistakes) {
  runs::InteractiveWish wish;
  std::optional<std::string> id;
  std::string state = "Running";
  if (auto* object = value.if_object(); object != nullptr) {
    json::object own;
    for (const auto* name : {"id", "state"}) {
      if (const auto* field = object->if_contains(name)) own[name] = *field;
      object->erase(name);
    }
    for (const auto* name : {"kind", "script", "arguments", "argv", "command", "environment", "inherited", "environment_variables", "target",
                             "resources", "max_run_duration_seconds", "grace_seconds"})
      if (object->contains(name)) mistakes.push_back({fmt::format("{}.{}", path, name), "is not a field of an interactive run"});
    (*object)["kind"] = to_text(RunKind::kInteractive);
    const json::value own_fields(std::move(own));
    FieldReader reader(own_fields, path, mistakes);
    id = reader.optional_text("id");
    state = reader.text("state", state);
    if (state != "Running" && state != "NotStarted") reader.mistake("state", "must be Running or NotStarted");
  }
  wish.spec = read_run_spec(value, path, mistakes);
  wish.is_open = state == "Running";
  if (!id) return wish;
  wish.id = RunId(*id);
  if (const auto good = check_run_id(*id); !good) mistakes.push_back({path + ".id", good.error().message() + ": " + good.error().hint_text()});
  return wish;
}

BeginRuns::Wishes read_wishes(const json::value& body, std::vector<Mistake>& mistakes) {
  BeginRuns::Wishes wishes;
  FieldReader reader(body, "", mistakes);
  const auto* list = reader.child("runs");
  if (list == nullptr || !list->is_array() || list->get_array().empty() || list->get_array().size() > kMostAtOnce) {
    reader.mistake("runs", fmt::format("must be an array of 1 to {} runs", kMostAtOnce));
    return wishes;
  }
  for (auto item : list->get_array()) {
    const auto path = fmt::format("runs[{}]", wishes.list.size());
    auto* object = item.if_object();
    wishes.diffs.push_back(object == nullptr ? std::nullopt : take_diff(*object, path, mistakes));
    wishes.list.push_back(read_wish(std::move(item), path, mistakes));
  }
  return wishes;
}

RunError read_error(const json::value& value, std::vector<Mistake>& mistakes) {
  FieldReader reader(value, "error", mistakes);
  RunError error;
  error.code = reader.text("code", "UserError");
  error.message = reader.text("message", "");
  error.type = reader.text("type", "");
  error.trace = reader.text("trace", "");
  if (error.trace.size() > kLongestTrace) error.trace = to_valid_utf8(error.trace.substr(error.trace.size() - kLongestTrace));
  return error;
}

EndRun::Outcome read_outcome(const json::value& body, std::vector<Mistake>& mistakes) {
  FieldReader reader(body, "", mistakes);
  EndRun::Outcome outcome;
  const auto word = reader.text("outcome");
  outcome.well = word == "completed";
  if (word != "completed" && word != "failed") reader.mistake("outcome", "must be completed or failed");
  const auto* error = reader.child("error");
  if (error == nullptr || error->is_null()) return outcome;
  if (outcome.well) reader.mistake("error", "belongs to an outcome \"failed\"");
  outcome.error = read_error(*error, mistakes);
  return outcome;
}

}  // namespace

const Spec<BeginRuns::Input>& BeginRuns::spec() {
  static const auto spec = Spec<Input>("Begins interactive runs: all of them or none, in order.")
                               .header("Idempotency-Key", &Input::idempotency_key, "the same key again gives the same runs", {.longest = 128})
                               .json_body("InteractiveRuns", &Input::wishes, read_wishes)
                               .at_most(kBytesAtOnce)
                               .answers(201, "RunList");
  return spec;
}

io::Task<Result<json::object>> BeginRuns::process(Call& call, Input input) {
  std::vector<RunSpec> specs;
  specs.reserve(input.wishes.list.size());
  for (const auto& wish : input.wishes.list) specs.push_back(wish.spec);
  CO_CHECK_OK(co_await check_submitter(call, specs));
  if (input.idempotency_key && input.idempotency_key->empty()) input.idempotency_key.reset();
  auto& [wishes, diffs] = input.wishes;
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    CO_TRY(wishes[i].diff, co_await store_diff(call.services, std::move(diffs[i])));
  }
  CO_TRY(const auto runs, co_await call.services.runs.begin_interactive(std::move(wishes), std::move(input.idempotency_key)));
  json::array list;
  for (const auto& run : runs) list.push_back(to_json(run));
  co_return json::object{{"runs", std::move(list)}};
}

const Spec<StartRun::Input>& StartRun::spec() {
  static const auto spec = Spec<Input>("Starts an interactive run that was made NotStarted. Twice is the same as once.")
                               .path("run", &Input::run, "the run's id")
                               .answers(200, "Run");
  return spec;
}

io::Task<Result<Run>> StartRun::process(Call& call, Input input) {
  CO_TRY(auto run, co_await call.services.runs.open_interactive(input.run));
  CO_CHECK_OK(co_await call.services.runs.heard(input.run));
  co_return run;
}

const Spec<EndRun::Input>& EndRun::spec() {
  static const auto spec = Spec<Input>("Ends an interactive run. The same outcome again changes nothing, another one is refused.")
                               .path("run", &Input::run, "the run's id")
                               .json_body("RunOutcome", &Input::outcome, read_outcome)
                               .answers(200, "Run");
  return spec;
}

io::Task<Result<Run>> EndRun::process(Call& call, Input input) {
  co_return co_await call.services.runs.end_interactive(std::move(input.run), input.outcome.well, std::move(input.outcome.error));
}

const Spec<Heartbeat::Input>& Heartbeat::spec() {
  static const auto spec = Spec<Input>("The client of an interactive run is there. After the first one, 120 s of silence make the run NotResponding.")
                               .path("run", &Input::run, "the run's id")
                               .answers(200, "RunStateNow");
  return spec;
}

io::Task<Result<json::object>> Heartbeat::process(Call& call, Input input) {
  CO_TRY(const auto state, co_await call.services.runs.heartbeat(std::move(input.run)));
  co_return json::object{{"state", to_text(state)}};
}

}  // namespace stoker::api
