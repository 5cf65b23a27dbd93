#include "runs/admission.hpp"

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/suggest.hpp"
#include "catalog/data.hpp"
#include "catalog/events.hpp"
#include "catalog/idempotency.hpp"
#include "catalog/provenance.hpp"
#include "catalog/runs.hpp"
#include "catalog/workspaces.hpp"
#include "domain/names.hpp"
#include "environments/environment.hpp"
#include "runs/data_inputs.hpp"
#include "runs/scheduler.hpp"

namespace stoker::runs {
namespace {

constexpr std::size_t kMaxKey = 128;
/// Two runs of one experiment in one second with the same eight digits: another id is drawn.
constexpr int kIdTries = 3;

std::string prefix_of(std::size_t index, bool is_batch) { return is_batch ? fmt::format("runs[{}].", index) : std::string(); }

/// The mistakes of an error, or the error itself as one, under the specification's path.
void add(const Error& error, const std::string& prefix, const std::string& path, std::vector<Mistake>& mistakes) {
  if (error.mistake_list().empty()) {
    std::string text = error.message();
    if (!error.hint_text().empty()) text += "; " + error.hint_text();
    mistakes.push_back({prefix + path, std::move(text)});
  }
  for (const auto& mistake : error.mistake_list()) mistakes.push_back({prefix + mistake.path, mistake.message});
}

Status validate_environment(const RunSpec& spec) {
  TRY(const auto* kind, environments::require_environment_kind(spec.environment.kind));
  return kind->validate(spec.environment, environments::program_of(spec), environments::variables_of(spec));
}

/// The code says what to look at when all mistakes are of one sort.
ErrorCode code_of(const std::vector<Mistake>& mistakes) {
  const auto all = [&](std::string_view part) {
    return std::ranges::all_of(mistakes, [&](const Mistake& mistake) { return mistake.path.find(part) != std::string::npos; });
  };
  if (all("environment")) return ErrorCode::kEnvironmentInvalid;
  if (all("resources") || all("target")) return ErrorCode::kTargetRejected;
  return ErrorCode::kInvalidInput;
}

Result<WorkspaceId> workspace_for(db::Transaction& transaction, const RunSpec& spec, bool personal, Time now, Random& random) {
  if (!personal) {
    TRY(auto workspace, catalog::find_workspace(transaction, spec.workspace));
    return workspace.id;
  }
  TRY(const auto known, catalog::look_up_workspace(transaction, spec.workspace));
  if (known) return known->id;
  TRY(auto workspace, catalog::get_or_create_workspace(transaction, spec.workspace, now, random));
  log::info("runs", "workspace created", {{"workspace", spec.workspace.name}, {"resource_group", spec.workspace.resource_group}});
  return workspace.id;
}

}  // namespace

Result<Run> insert_new_run(db::Transaction& transaction, Run run, bool personal, Random& random) {
  TRY(run.workspace, workspace_for(transaction, run.spec, personal, run.created_at, random));
  const std::string word = run.spec.kind == RunKind::kInteractive ? "begun" : "submitted";
  TRY(auto stored, catalog::insert_run(transaction, std::move(run), random));
  const catalog::RunEvent submitted{.time = stored.created_at,
                                    .kind = "state",
                                    .message = stored.spec.submitted_by.empty() ? word : fmt::format("{} by {}", word, stored.spec.submitted_by),
                                    .data = json::object{{"event", "submitted"}, {"from", nullptr}, {"to", to_text(stored.state)}, {"attempt", 0}}};
  CHECK_OK(catalog::append_event(transaction, stored.id, submitted));
  if (!stored.spec.data.empty()) CHECK_OK(catalog::add_run_inputs(transaction, stored));
  return stored;
}

Run new_run(const RunSpec& spec, Time now, Random& random) {
  Run run;
  run.spec = spec;
  run.experiment_name = spec.experiment;
  run.created_at = now;
  run.display_name = spec.display_name.value_or(new_display_name(random));
  run.user = spec.submitted_by.substr(0, spec.submitted_by.find('@'));
  run.tags = spec.tags;
  run.properties = spec.properties;
  return run;
}

namespace {

struct Wish {
  std::vector<Run> runs;
  std::vector<std::optional<catalog::RunDiff>> diffs;  // of each run
  std::optional<std::string> key;
  Digest request;
};

/// What makes two requests with one key the same.
Digest digest_of(const Submission& submission) {
  auto text = json::serialize(to_json(submission.spec));
  if (submission.diff) text += submission.diff->object.hex();
  return sha256(text);
}

Result<Admission::Admitted> insert_all(db::Transaction& transaction, const Wish& wish, bool personal, Random& random) {
  Admission::Admitted admitted;
  if (wish.key) {
    TRY(const auto known, catalog::find_by_idempotency_key(transaction, *wish.key, wish.request));
    if (known) {
      TRY(auto run, catalog::find_run(transaction, *known));
      admitted.runs.push_back(std::move(run));
      admitted.is_new = false;
      return admitted;
    }
  }
  for (std::size_t i = 0; i < wish.runs.size(); ++i) {
    TRY(auto stored, insert_new_run(transaction, wish.runs[i], personal, random));
    if (wish.diffs[i]) CHECK_OK(catalog::put_diff(transaction, stored.id, *wish.diffs[i]));
    admitted.runs.push_back(std::move(stored));
  }
  if (wish.key)
    CHECK_OK(catalog::add_idempotency_key(transaction, *wish.key, wish.request, admitted.runs.front().id, admitted.runs.front().created_at));
  return admitted;
}

}  // namespace

io::Task<Result<Admission::Admitted>> Admission::admit(std::vector<Submission> submissions, std::optional<std::string> key, bool is_batch) {
  if (submissions.empty()) co_return Error(ErrorCode::kInvalidInput, "there is no run in the list");
  if (key && (key->empty() || key->size() > kMaxKey))
    co_return Error(ErrorCode::kInvalidInput, fmt::format("an idempotency key has 1 to {} characters", kMaxKey));
  std::vector<RunSpec> specs;
  specs.reserve(submissions.size());
  for (const auto& submission : submissions) specs.push_back(submission.spec);
  CO_CHECK_OK(co_await check(specs, is_batch));
  for (int tries = 1;; ++tries) {
    Wish wish{.runs = {}, .diffs = {}, .key = key, .request = digest_of(submissions.front())};
    for (std::size_t i = 0; i < specs.size(); ++i) {
      auto& run = wish.runs.emplace_back(new_run(specs[i], parts_.clock.now(), parts_.random));
      run.id = new_run_id(specs[i].experiment, run.created_at, parts_.random);
      name_outputs(run);
      wish.diffs.push_back(submissions[i].diff);
    }
    auto work = [wish = std::move(wish), personal = parts_.personal, &random = parts_.random](db::Transaction& transaction) {
      return insert_all(transaction, wish, personal, random);
    };
    auto admitted = co_await parts_.catalog.write(std::move(work));
    const bool id_taken = !admitted && admitted.error().code() == ErrorCode::kConflict && !key && tries < kIdTries;
    if (!id_taken) co_return admitted;
  }
}

io::Task<Status> Admission::check_data(std::vector<RunSpec>& specs, bool is_batch, std::vector<Mistake>& mistakes) {
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].data.empty()) continue;
    auto read = [spec = specs[i], folders = parts_.datastores](db::Connection& connection) { return resolve_data(connection, folders, spec); };
    CO_TRY(auto resolved, co_await parts_.catalog.read(std::move(read)));
    auto look = [&resolved] { look_at_data(resolved); };
    co_await io::blocking(parts_.pool, std::move(look));
    for (auto& mistake : resolved.mistakes) mistakes.push_back({prefix_of(i, is_batch) + mistake.path, std::move(mistake.message)});
    specs[i].data = std::move(resolved.bindings);
  }
  co_return ok();
}

io::Task<Status> Admission::check(std::vector<RunSpec>& specs, bool is_batch) {
  std::vector<Mistake> mistakes;
  check_targets(specs, is_batch, mistakes);
  CO_CHECK_OK(co_await check_environments(specs, is_batch, mistakes));
  CO_CHECK_OK(co_await check_snapshots(specs, is_batch, mistakes));
  CO_CHECK_OK(co_await check_data(specs, is_batch, mistakes));
  CO_CHECK_OK(co_await check_catalog(specs, is_batch, mistakes));
  if (mistakes.empty()) co_return ok();
  const auto code = code_of(mistakes);
  co_return Error(code, is_batch ? "the runs cannot be accepted" : "the run cannot be accepted").mistakes(std::move(mistakes));
}

void Admission::check_targets(const std::vector<RunSpec>& specs, bool is_batch, std::vector<Mistake>& mistakes) const {
  std::vector<std::string> names;
  for (const auto& [name, target] : parts_.targets) names.push_back(name);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const auto prefix = prefix_of(i, is_batch);
    if (specs[i].kind != RunKind::kScript) mistakes.push_back({prefix + "kind", "an interactive run is made by POST /runs/interactive"});
    const auto at = parts_.targets.find(specs[i].target);
    if (at == parts_.targets.end()) {
      const auto hint = did_you_mean(specs[i].target, names);
      mistakes.push_back({prefix + "target", fmt::format("there is no target \"{}\"; {}", specs[i].target,
                                                         hint.empty() ? fmt::format("there are: {}", fmt::join(names, ", ")) : hint)});
      continue;
    }
    check_fits(specs[i].resources, at->second->capacity(), specs[i].target, prefix + "resources", mistakes);
  }
}

io::Task<Status> Admission::check_environments(const std::vector<RunSpec>& specs, bool is_batch, std::vector<Mistake>& mistakes) {
  auto work = [&specs] {
    std::vector<Status> checked;
    for (const auto& spec : specs) checked.push_back(validate_environment(spec));
    return checked;
  };
  const auto checked = co_await io::blocking(parts_.pool, std::move(work));
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (!checked[i]) add(checked[i].error(), prefix_of(i, is_batch), "environment", mistakes);
  }
  co_return ok();
}

io::Task<Status> Admission::check_snapshots(const std::vector<RunSpec>& specs, bool is_batch, std::vector<Mistake>& mistakes) {
  std::map<std::string, bool> known;  // a sweep shares one snapshot
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (!specs[i].snapshot) continue;
    const auto snapshot = *specs[i].snapshot;
    auto at = known.find(snapshot.text());
    if (at == known.end()) {
      CO_TRY(const bool exists, co_await parts_.snapshot_exists(snapshot));
      at = known.emplace(snapshot.text(), exists).first;
    }
    if (!at->second)
      mistakes.push_back({prefix_of(i, is_batch) + "snapshot", fmt::format("there is no snapshot {}; upload it first", snapshot.text())});
  }
  co_return ok();
}

io::Task<Status> Admission::check_catalog(const std::vector<RunSpec>& specs, bool is_batch, std::vector<Mistake>& mistakes) {
  struct Question {
    std::string prefix;
    std::optional<WorkspaceName> workspace;  // must exist
    std::optional<RunId> parent;
  };
  std::vector<Question> questions;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (parts_.personal && !specs[i].parent) continue;
    questions.push_back({.prefix = prefix_of(i, is_batch),
                         .workspace = parts_.personal ? std::nullopt : std::optional(specs[i].workspace),
                         .parent = specs[i].parent});
  }
  if (questions.empty()) co_return ok();
  struct Answer {
    std::vector<Mistake> missing, late;
  };
  auto work = [questions](db::Connection& connection) -> Result<Answer> {
    Answer found;
    for (const auto& question : questions) {
      if (question.workspace) {
        const auto workspace = catalog::find_workspace(connection, *question.workspace);
        if (!workspace && workspace.error().code() != ErrorCode::kNotFound) return workspace.error();
        if (!workspace) add(workspace.error(), question.prefix, "workspace", found.missing);
      }
      if (!question.parent) continue;
      const auto parent = catalog::look_up_run_mark(connection, *question.parent);
      if (!parent) return parent.error();
      if (!*parent) found.missing.push_back({question.prefix + "parent", fmt::format("there is no run {}", question.parent->text())});
      if (*parent && is_terminal((*parent)->state))
        found.late.push_back({question.prefix + "parent", fmt::format("run {} has ended already ({}) and gets no more children",
                                                                      question.parent->text(), to_text((*parent)->state))});
    }
    return found;
  };
  CO_TRY(auto found, co_await parts_.catalog.read(std::move(work)));
  // A single thing that is not there keeps its own code and hint (404, the command that creates it).
  if (mistakes.empty() && found.late.empty() && found.missing.size() == 1 && !is_batch)
    co_return Error(ErrorCode::kNotFound, found.missing.front().message).mistakes(found.missing);
  std::ranges::move(found.missing, std::back_inserter(mistakes));
  std::ranges::move(found.late, std::back_inserter(mistakes));
  co_return ok();
}

}  // namespace stoker::runs
