#include "api/handlers/runs.hpp"

#include <fmt/format.h>

#include "api/handlers/run_changes.hpp"
#include "api/handlers/run_keeping.hpp"
#include "api/handlers/run_record.hpp"
#include "api/handlers/run_search.hpp"
#include "api/reach.hpp"
#include "base/suggest.hpp"
#include "catalog/events.hpp"
#include "catalog/experiments.hpp"
#include "catalog/runs.hpp"
#include "domain/names.hpp"

namespace stoker::api {
namespace {

constexpr std::size_t kMostInBatch = 10'000;
constexpr std::size_t kBatchBytes = 64U << 20;
/// A diff of control characters is six times as long in JSON.
constexpr std::size_t kSubmissionBytes = 32U << 20;

Submission read_one(json::value body, const std::string& path, std::vector<Mistake>& mistakes) {
  Submission submission;
  if (auto* object = body.if_object(); object != nullptr) submission.diff = take_diff(*object, path, mistakes);
  submission.spec = read_run_spec(body, path, mistakes);
  return submission;
}

Submission read_submission(const json::value& body, std::vector<Mistake>& mistakes) { return read_one(body, "", mistakes); }

std::vector<Submission> read_submissions(const json::value& body, std::vector<Mistake>& mistakes) {
  std::vector<Submission> submissions;
  FieldReader reader(body, "", mistakes);
  const auto* list = reader.child("runs");
  if (list == nullptr || !list->is_array()) {
    reader.mistake("runs", "must be an array of specifications");
    return submissions;
  }
  const auto& items = list->get_array();
  if (items.empty() || items.size() > kMostInBatch) {
    reader.mistake("runs", fmt::format("must hold 1 to {} specifications", kMostInBatch));
    return submissions;
  }
  submissions.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) submissions.push_back(read_one(items[i], fmt::format("runs[{}]", i), mistakes));
  return submissions;
}

json::object page_of(const catalog::RunPage& page) {
  json::array runs;
  runs.reserve(page.runs.size());
  for (const auto& run : page.runs) runs.push_back(to_json(run));
  return {{"runs", std::move(runs)}, {"next_cursor", json_or_null(page.next_cursor)}, {"plan", json::array()}};
}

/// `Running,Queued`
Result<std::vector<RunState>> parse_states(std::string_view text) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kRunStateCount; ++i) names.emplace_back(to_text(static_cast<RunState>(i)));
  std::vector<RunState> states;
  for (;;) {
    const auto comma = text.find(',');
    const auto name = text.substr(0, comma);
    const auto state = run_state_from_text(name);
    if (!state) {
      std::vector<Mistake> mistakes{{"?state", fmt::format("\"{}\" is not a state of a run", name)}};
      return Error(ErrorCode::kInvalidInput, "the request is wrong").mistakes(std::move(mistakes)).hint(did_you_mean(name, names));
    }
    states.push_back(*state);
    if (comma == std::string_view::npos) return states;
    text.remove_prefix(comma + 1);
  }
}

/// `key` or `key=value`
std::vector<catalog::Label> labels_of(const std::vector<std::string>& texts) {
  std::vector<catalog::Label> labels;
  for (const auto& text : texts) {
    const auto cut = text.find('=');
    if (cut == std::string::npos) labels.emplace_back(text, std::nullopt);
    else labels.emplace_back(text.substr(0, cut), text.substr(cut + 1));
  }
  return labels;
}

Status check_changes(const UpdateRun::Input& input) {
  std::vector<Mistake> mistakes;
  const auto note = [&](const std::string& path, const Status& status) {
    if (!status) mistakes.push_back({path, status.error().message()});
  };
  if (input.display_name && (input.display_name->empty() || input.display_name->size() > 256))
    mistakes.push_back({"display_name", "must have 1 to 256 characters"});
  for (const auto& [key, value] : input.tags) note("tags", check_tag(key, value.value_or("")));
  for (const auto& [key, value] : input.properties) note("properties", check_tag(key, value));
  for (const auto& key : input.remove_tags)
    if (input.tags.contains(key)) mistakes.push_back({"remove_tags", fmt::format("\"{}\" is set and removed at once", key)});
  return mistakes_to_status("the request is wrong", std::move(mistakes));
}

json::object event_record(const catalog::RunEvent& event) {
  return {{"seq", event.seq}, {"time", format_time(event.time)}, {"kind", event.kind}, {"message", event.message}, {"data", event.data}};
}

}  // namespace

const Spec<SubmitRun::Input>& SubmitRun::spec() {
  static const auto spec = Spec<Input>("Submits a run. It is on disk when this answers.")
                               .header("Idempotency-Key", &Input::idempotency_key, "the same key again gives the same run", {.longest = 128})
                               .json_body("RunSubmission", &Input::submission, read_submission)
                               .at_most(kSubmissionBytes)
                               .answers(201, "Run");
  return spec;
}

io::Task<Result<Run>> SubmitRun::process(Call& call, Input input) {
  auto& [spec, diff] = input.submission;
  const std::vector<RunSpec> specs{spec};
  CO_CHECK_OK(co_await check_submitter(call, specs));
  if (input.idempotency_key && input.idempotency_key->empty()) input.idempotency_key.reset();
  runs::Submission submission{.spec = std::move(spec), .diff = {}};
  CO_TRY(submission.diff, co_await store_diff(call.services, std::move(diff)));
  co_return co_await call.services.runs.submit(std::move(submission), std::move(input.idempotency_key));
}

const Spec<SubmitRuns::Input>& SubmitRuns::spec() {
  static const auto spec = Spec<Input>("Submits many runs: all of them or none.")
                               .json_body("RunSubmissions", &Input::submissions, read_submissions)
                               .at_most(kBatchBytes)
                               .answers(201, "RunList");
  return spec;
}

io::Task<Result<json::object>> SubmitRuns::process(Call& call, Input input) {
  std::vector<RunSpec> specs;
  specs.reserve(input.submissions.size());
  for (const auto& submission : input.submissions) specs.push_back(submission.spec);
  CO_CHECK_OK(co_await check_submitter(call, specs));
  std::vector<runs::Submission> submissions;
  submissions.reserve(specs.size());
  for (auto& [spec, diff] : input.submissions) {
    auto& submission = submissions.emplace_back(runs::Submission{.spec = std::move(spec), .diff = {}});
    CO_TRY(submission.diff, co_await store_diff(call.services, std::move(diff)));
  }
  CO_TRY(const auto runs, co_await call.services.runs.submit_batch(std::move(submissions)));
  json::array list;
  list.reserve(runs.size());
  for (const auto& run : runs) list.push_back(to_json(run));
  co_return json::object{{"runs", std::move(list)}};
}

const Spec<ListRuns::Input>& ListRuns::spec() {
  static const auto spec =
      Spec<Input>("Runs, newest first.")
          .query("workspace_id", &Input::workspace_id, "only of this workspace")
          .query("experiment", &Input::experiment, "only of this experiment: its name with workspace_id, its id without")
          .query("state", &Input::state, "only in these states, separated by commas")
          .query("parent", &Input::parent, "only children of this run")
          .query("kind", &Input::kind, "only of this kind", {.choices = {"script", "interactive"}})
          .query("view", &Input::view, "which of them", {.choices = {"active", "archived", "all"}})
          .query("include_children", &Input::include_children, "false: only runs without a parent")
          .query_list("tag", &Input::tags, "only with this tag: its key, or key=value; may be given many times, all must be so")
          .query_list("property", &Input::properties, "the same with properties")
          .query("prefix", &Input::prefix, "only ids that begin so", {.longest = 256})
          .query("limit", &Input::limit, "at most so many", {.low = 1, .high = 1000})
          .query("cursor", &Input::cursor, "next_cursor of the page before")
          .query("filter", &Input::filter, "only runs of which this is true, as in MLflow: metrics.acc > 0.9 and params.lr = '0.1'")
          .query_list("order_by", &Input::order_by, "such as metrics.acc desc; may be given many times, the first counts most")
          .query("explain", &Input::explain, "true: `plan` tells how the runs were found")
          .answers(200, "RunPage");
  return spec;
}

io::Task<Result<json::object>> ListRuns::process(Call& call, Input input) {
  if (!input.filter.empty() || !input.order_by.empty() || input.explain) co_return co_await search_runs(call, std::move(input));
  catalog::RunFilter filter;
  if (input.workspace_id) filter.workspace = WorkspaceId(*input.workspace_id);
  if (input.parent) filter.parent = RunId(*input.parent);
  filter.id_prefix = input.prefix.value_or("");
  if (input.kind) filter.kind = run_kind_from_text(*input.kind);
  filter.view = input.view == "all" ? catalog::RunView::kAll : input.view == "archived" ? catalog::RunView::kArchived : catalog::RunView::kActive;
  filter.top_level_only = !input.include_children;
  filter.tags = labels_of(input.tags);
  filter.properties = labels_of(input.properties);
  if (input.state && !input.state->empty()) {
    CO_TRY(filter.states, parse_states(*input.state));
  }
  auto read = [input, filter](db::Connection& connection) mutable -> Result<json::object> {
    if (input.experiment) {
      TRY(filter.experiment, experiment_of(connection, input));
    }
    TRY(const auto page, catalog::list_runs(connection, filter, static_cast<std::size_t>(input.limit), input.cursor));
    return page_of(page);
  };
  co_return co_await call.services.catalog.read(std::move(read));
}

const Spec<GetRun::Input>& GetRun::spec() {
  static const auto spec = Spec<Input>("One run.").path("run", &Input::run, "the run's id").answers(200, "Run");
  return spec;
}

io::Task<Result<Run>> GetRun::process(Call& call, Input input) {
  auto read = [id = input.run](db::Connection& connection) { return catalog::find_run(connection, id); };
  co_return co_await call.services.catalog.read(std::move(read));
}

const Spec<UpdateRun::Input>& UpdateRun::spec() {
  static const auto spec = Spec<Input>("Changes name, description and tags, adds properties: all of it or nothing.")
                               .path("run", &Input::run, "the run's id")
                               .json_field("display_name", &Input::display_name, "1 to 256 characters", {.longest = 256})
                               .json_field("description", &Input::description, "at most 5000 characters", {.longest = 5000})
                               .json_field("by", &Input::by, "who does it", {.longest = 256})
                               .json_field("tags", &Input::tags, "set; null for a tag without a value")
                               .json_field("remove_tags", &Input::remove_tags, "keys of tags that go")
                               .json_field("properties", &Input::properties, "written once: another value for a key is a conflict")
                               .answers(200, "Run");
  return spec;
}

io::Task<Result<Run>> UpdateRun::process(Call& call, Input input) {
  CO_CHECK_OK(check_changes(input));
  const auto now = call.services.clock.now();
  auto write = [input, now, by = name_of(call.caller, input.by)](db::Transaction& transaction) {
    return change_run(transaction, input.run, {input.display_name, input.description, input.tags, input.remove_tags, input.properties}, now, by);
  };
  auto changed = co_await call.services.catalog.write(std::move(write));
  if (!changed) co_return changed;
  CO_CHECK_OK(co_await call.services.runs.heard(input.run));
  call.services.runs.feed().notify(input.run);
  co_return changed;
}

const Spec<CancelRun::Input>& CancelRun::spec() {
  static const auto spec = Spec<Input>("Asks a run to end. Canceling twice is the same as once.")
                               .path("run", &Input::run, "the run's id")
                               .json_field("by", &Input::by, "who asks", {.longest = 256})
                               .answers(200, "Run");
  return spec;
}

io::Task<Result<Run>> CancelRun::process(Call& call, Input input) {
  auto by = name_of(call.caller, input.by);
  co_return co_await call.services.runs.cancel(std::move(input.run), std::move(by));
}

const Spec<ExplainRun::Input>& ExplainRun::spec() {
  static const auto spec = Spec<Input>("Why is the run where it is.").path("run", &Input::run, "the run's id").answers(200, "Explanation");
  return spec;
}

io::Task<Result<json::object>> ExplainRun::process(Call& call, Input input) {
  CO_TRY(const auto explanation, co_await call.services.runs.explain(std::move(input.run)));
  co_return runs::to_json(explanation);
}

const Spec<ListEvents::Input>& ListEvents::spec() {
  static const auto spec = Spec<Input>("The run's story, oldest first.")
                               .path("run", &Input::run, "the run's id")
                               .query("after", &Input::after, "only later than this seq")
                               .query("limit", &Input::limit, "at most so many", {.low = 1, .high = 10'000})
                               .answers(200, "Events");
  return spec;
}

io::Task<Result<json::object>> ListEvents::process(Call& call, Input input) {
  auto read = [input](db::Connection& connection) -> Result<std::vector<catalog::RunEvent>> {
    CHECK_OK(catalog::find_run(connection, input.run));
    return catalog::list_events(connection, input.run, input.after, static_cast<std::size_t>(input.limit));
  };
  CO_TRY(const auto events, co_await call.services.catalog.read(std::move(read)));
  json::array list;
  for (const auto& event : events) list.push_back(event_record(event));
  co_return json::object{{"events", std::move(list)}};
}

const Spec<ListChildren::Input>& ListChildren::spec() {
  static const auto spec = Spec<Input>("The run's children, newest first.")
                               .path("run", &Input::run, "the run's id")
                               .query("limit", &Input::limit, "at most so many", {.low = 1, .high = 1000})
                               .query("cursor", &Input::cursor, "next_cursor of the page before")
                               .answers(200, "RunPage");
  return spec;
}

io::Task<Result<json::object>> ListChildren::process(Call& call, Input input) {
  auto read = [input](db::Connection& connection) -> Result<json::object> {
    CHECK_OK(catalog::find_run(connection, input.run));
    catalog::RunFilter filter;
    filter.parent = input.run;
    filter.view = catalog::RunView::kAll;
    TRY(const auto page, catalog::list_runs(connection, filter, static_cast<std::size_t>(input.limit), input.cursor));
    return page_of(page);
  };
  co_return co_await call.services.catalog.read(std::move(read));
}

}  // namespace stoker::api
