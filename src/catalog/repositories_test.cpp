// The repositories, on both engines.
#include "catalog/repository_test.hpp"

namespace stoker::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
INSTANTIATE_TEST_SUITE_P(Engines, RepositoryTest, ::testing::Values(Engine::kSqlite, Engine::kPostgres), db::testing::engine_name);

TEST_P(RepositoryTest, EveryStatementIsUnderstood) {
  for (const auto& statement : schema().statements) EXPECT_OK(connection_->prepare(statement.name));
}

TEST_P(RepositoryTest, AWorkspaceIsFoundByItsNameAndItsId) {
  VALUE_OF(const auto by_name, find_workspace(tx(), WorkspaceName{"sub", "group", "main"}));
  VALUE_OF(const auto by_id, find_workspace(tx(), by_name.id));
  EXPECT_EQ(by_id.name, (WorkspaceName{"sub", "group", "main"}));
  EXPECT_EQ(by_id.created_at, workspace_.created_at);
  const auto missing = find_workspace(tx(), WorkspaceName{"sub", "group", "other"});
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().hint_text(), HasSubstr("stoker workspace create sub/group/other"));
  EXPECT_ERROR(find_workspace(tx(), WorkspaceId("nothing")), kNotFound);
}

TEST_P(RepositoryTest, AWorkspaceIsMadeOnce) {
  EXPECT_ERROR(create_workspace(tx(), workspace_.name, clock_.now(), random_), kConflict);
  VALUE_OF(const auto same, get_or_create_workspace(tx(), workspace_.name, clock_.now(), random_));
  EXPECT_EQ(same.id, workspace_.id);
  VALUE_OF(const auto other, get_or_create_workspace(tx(), {"sub", "group2", "main"}, clock_.now(), random_));
  EXPECT_NE(other.id, workspace_.id);
  EXPECT_ERROR(create_workspace(tx(), {"sub", "group", "no spaces"}, clock_.now(), random_), kInvalidInput);
  VALUE_OF(const auto all, list_workspaces(tx()));
  EXPECT_EQ(all.size(), 2U);
}

TEST_P(RepositoryTest, ExperimentsAreNumberedInTheirWorkspace) {
  VALUE_OF(const auto a, get_or_create_experiment(tx(), workspace_.id, "a", clock_.now(), random_));
  VALUE_OF(const auto b, get_or_create_experiment(tx(), workspace_.id, "b", clock_.now(), random_));
  VALUE_OF(const auto again, get_or_create_experiment(tx(), workspace_.id, "a", clock_.now(), random_));
  VALUE_OF(const auto other, create_workspace(tx(), {"sub", "group", "other"}, clock_.now(), random_));
  VALUE_OF(const auto elsewhere, get_or_create_experiment(tx(), other.id, "a", clock_.now(), random_));
  EXPECT_EQ(a.number, 1);
  EXPECT_EQ(b.number, 2);
  EXPECT_EQ(again.id, a.id);
  EXPECT_EQ(elsewhere.number, 1);
  EXPECT_NE(elsewhere.id, a.id);
  VALUE_OF(const auto by_id, find_experiment(tx(), b.id));
  EXPECT_EQ(by_id.name, "b");
}

TEST_P(RepositoryTest, AnExperimentThatIsNotThereIsToldWithTheNearestName) {
  VALUE_OF(const auto made, get_or_create_experiment(tx(), workspace_.id, "diabetes", clock_.now(), random_));
  const auto missing = find_experiment(tx(), workspace_.id, "diabetis");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().hint_text(), HasSubstr("diabetes"));
  EXPECT_ERROR(get_or_create_experiment(tx(), workspace_.id, "a/b", clock_.now(), random_), kInvalidInput);
  EXPECT_ERROR(get_or_create_experiment(tx(), WorkspaceId("none"), "a", clock_.now(), random_), kNotFound);
}

TEST_P(RepositoryTest, ARunComesBackAsItWasStored) {
  Run run = a_run();
  run.spec.snapshot = SnapshotId(std::string(64, 'a'));
  run.spec.environment_variables = {{"A", "ä\n\"quoted\""}};
  run.tags = {{"plain", std::nullopt}, {"stage", "dev"}};
  run.properties = {{"azureml.git.branch", "main"}};
  run.phases = {{"snapshot", clock_.now(), clock_.now()}, {"queue", clock_.now(), std::nullopt}};
  const auto made = inserted(run);
  EXPECT_EQ(made.number, 1);
  VALUE_OF(const auto found, find_run(tx(), run.id));
  EXPECT_EQ(json::serialize(to_json(found)), json::serialize(to_json(made)));
  EXPECT_EQ(found.experiment_name, "train");
  EXPECT_EQ(found.spec.environment_variables, run.spec.environment_variables);
  EXPECT_TRUE(found.handle.is_null());
}

TEST_P(RepositoryTest, RunsAreNumberedInTheirExperiment) {
  EXPECT_EQ(inserted(a_run("a")).number, 1);
  EXPECT_EQ(inserted(a_run("b")).number, 1);
  EXPECT_EQ(inserted(a_run("a")).number, 2);
  VALUE_OF(const auto experiment, find_experiment(tx(), workspace_.id, "a"));
  EXPECT_EQ(experiment.run_count, 2);
}

TEST_P(RepositoryTest, AnIdIsTakenOnce) {
  const auto run = inserted(a_run());
  EXPECT_ERROR(insert_run(tx(), run, random_), kConflict);
}

TEST_P(RepositoryTest, ARunNeedsItsWorkspaceAndItsParent) {
  Run lost = a_run();
  lost.workspace = WorkspaceId("none");
  EXPECT_ERROR(insert_run(tx(), lost, random_), kNotFound);
  Run orphan = a_run();
  orphan.spec.parent = RunId("none");
  EXPECT_ERROR(insert_run(tx(), orphan, random_), kNotFound);
}

TEST_P(RepositoryTest, AnUnknownRunIsToldWithTheNearestId) {
  const auto run = inserted(a_run());
  auto wrong = run.id.text();
  wrong.back() = 'x';
  const auto missing = find_run(tx(), RunId(wrong));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().hint_text(), HasSubstr(run.id.text()));
  VALUE_OF(const auto looked, look_up_run(tx(), RunId(wrong)));
  EXPECT_FALSE(looked);
}

TEST_P(RepositoryTest, UpdateAppliesOnlyToTheExpectedStateAndAttempt) {
  Run run = inserted(a_run());
  run.state = RunState::kStarting;
  run.attempt = 1;
  run.handle = {{"version", 1}, {"supervisor", "local-3"}};
  run.gpu_indices = {0, 2};
  VALUE_OF(const bool late, update_run(tx(), run, RunState::kQueued, 0));
  EXPECT_FALSE(late);
  VALUE_OF(const bool stale, update_run(tx(), run, RunState::kNotStarted, 1));
  EXPECT_FALSE(stale);
  VALUE_OF(const bool applied, update_run(tx(), run, RunState::kNotStarted, 0));
  EXPECT_TRUE(applied);
  VALUE_OF(const bool twice, update_run(tx(), run, RunState::kNotStarted, 0));
  EXPECT_FALSE(twice);
  VALUE_OF(const auto found, find_run(tx(), run.id));
  EXPECT_EQ(found.state, RunState::kStarting);
  EXPECT_EQ(found.attempt, 1);
  EXPECT_EQ(found.handle, run.handle);
  EXPECT_THAT(found.gpu_indices, ElementsAre(0, 2));
}

TEST_P(RepositoryTest, TheEndIsStoredWhole) {
  Run run = inserted(a_run());
  run.state = RunState::kFailed;
  run.cancel_requested = true;
  run.cancel_by = "anna";
  run.started_at = clock_.now();
  run.ended_at = clock_.now() + Duration(5);
  run.end = RunEnd{EndReason::kSignaled, std::nullopt, 9, "killed by signal 9"};
  run.error = RunError{"UserError", "it broke", "ValueError", "line 1\nline 2", "fix it"};
  VALUE_OF(const bool applied, update_run(tx(), run, RunState::kNotStarted, 0));
  EXPECT_TRUE(applied);
  VALUE_OF(const auto found, find_run(tx(), run.id));
  EXPECT_EQ(found.end, run.end);
  ASSERT_TRUE(found.error);
  EXPECT_EQ(found.error->trace, "line 1\nline 2");
  EXPECT_EQ(found.ended_at, run.ended_at);
  EXPECT_EQ(found.cancel_by, "anna");
}

TEST_P(RepositoryTest, AcknowledgementsGoForwardWithinTheAttempt) {
  Run run = inserted(a_run());
  run.attempt = 1;
  run.state = RunState::kStarting;
  VALUE_OF(const bool started, update_run(tx(), run, RunState::kNotStarted, 0));
  ASSERT_TRUE(started);
  const auto acked = [&](int attempt, std::int64_t seq) {
    const auto result = set_journal_acked(tx(), run.id, attempt, seq);
    return result && *result;
  };
  EXPECT_TRUE(acked(1, 10));
  EXPECT_FALSE(acked(1, 10));
  EXPECT_FALSE(acked(1, 9));
  EXPECT_FALSE(acked(0, 20));
  run.state = RunState::kRunning;
  VALUE_OF(const bool same_attempt, update_run(tx(), run, RunState::kStarting, 1));
  VALUE_OF(const auto mark, look_up_run_mark(tx(), run.id));
  ASSERT_TRUE(same_attempt && mark);
  EXPECT_EQ(mark->journal_acked, 10);
  EXPECT_EQ(mark->state, RunState::kRunning);
  EXPECT_EQ(mark->workspace, workspace_.id);
  run.attempt = 2;
  VALUE_OF(const bool next_attempt, update_run(tx(), run, RunState::kRunning, 1));
  VALUE_OF(const auto found, find_run(tx(), run.id));
  ASSERT_TRUE(next_attempt);
  EXPECT_EQ(found.journal_acked, 0);
}

TEST_P(RepositoryTest, PhasesErrorAndNameAreWrittenAlone) {
  const Run run = inserted(a_run());
  VALUE_OF(const bool phases, set_phases(tx(), run.id, 0, {{"run", clock_.now(), std::nullopt}}));
  VALUE_OF(const bool stale, set_phases(tx(), run.id, 1, {}));
  VALUE_OF(const bool error, set_run_error(tx(), run.id, 0, RunError{"UserError", "m", "", "", ""}));
  EXPECT_TRUE(phases && error);
  EXPECT_FALSE(stale);
  EXPECT_OK(set_display_name(tx(), run.id, "renamed"));
  EXPECT_ERROR(set_display_name(tx(), RunId("none"), "x"), kNotFound);
  VALUE_OF(const auto found, find_run(tx(), run.id));
  ASSERT_EQ(found.phases.size(), 1U);
  EXPECT_EQ(found.phases[0].name, "run");
  EXPECT_EQ(found.display_name, "renamed");
  EXPECT_TRUE(found.error);
}

TEST_P(RepositoryTest, LiveRunsAreThoseThatHaveNotEnded) {
  Run first = inserted(a_run());
  Run second = inserted(a_run());
  Run third = inserted(a_run());
  move_to(second, RunState::kCompleted);
  move_to(third, RunState::kRunning);
  VALUE_OF(const auto live, live_runs(tx()));
  ASSERT_EQ(live.size(), 2U);
  EXPECT_EQ(live[0].id, first.id);
  EXPECT_EQ(live[1].id, third.id);
  VALUE_OF(const auto counts, count_live_runs(tx()));
  EXPECT_EQ(counts.waiting, 1);
  EXPECT_EQ(counts.active, 1);
}

TEST_P(RepositoryTest, NobodyIsLiveInAnEmptyCatalog) {
  VALUE_OF(const auto counts, count_live_runs(tx()));
  EXPECT_EQ(counts.waiting, 0);
  VALUE_OF(const auto page, list_runs(tx(), {}, 10));
  EXPECT_THAT(page.runs, IsEmpty());
  EXPECT_FALSE(page.next_cursor);
}

TEST_P(RepositoryTest, PagesGoThroughAListWithoutGapOrDouble) {
  std::vector<std::string> newest_first;
  const auto parent = inserted(a_run("parents"));
  for (int i = 0; i < 10; ++i) {
    auto run = a_run("a");
    run.spec.parent = parent.id;
    run = inserted(run);
    newest_first.insert(newest_first.begin(), run.id.text());
    if (i % 2 == 0) inserted(a_run("b"));
  }
  VALUE_OF(const auto experiment, find_experiment(tx(), workspace_.id, "a"));
  RunFilter by_experiment{.workspace = workspace_.id, .experiment = experiment.id};
  RunFilter by_parent{.workspace = workspace_.id, .parent = parent.id};
  RunFilter by_prefix{.id_prefix = "a_"};
  RunFilter live{.experiment = experiment.id, .states = {RunState::kNotStarted}};
  for (const auto& filter : {by_experiment, by_parent, by_prefix, live}) {
    std::vector<std::string> seen;
    std::string cursor;
    do {
      VALUE_OF(auto page, list_runs(tx(), filter, 3, cursor));
      for (const auto& run : page.runs) seen.push_back(run.id.text());
      cursor = page.next_cursor.value_or("");
    } while (!cursor.empty());
    EXPECT_EQ(seen, newest_first);
  }
}

TEST_P(RepositoryTest, APageThatEndsTheListHasNoNextOne) {
  for (int i = 0; i < 4; ++i) inserted(a_run());
  VALUE_OF(const auto all, list_runs(tx(), {.workspace = workspace_.id}, 4));
  EXPECT_FALSE(all.next_cursor);
  VALUE_OF(const auto some, list_runs(tx(), {}, 3));
  ASSERT_TRUE(some.next_cursor);
  VALUE_OF(const auto rest, list_runs(tx(), {}, 3, *some.next_cursor));
  EXPECT_EQ(rest.runs.size(), 1U);
  EXPECT_FALSE(rest.next_cursor);
}

TEST_P(RepositoryTest, ListsKeepToTheirStates) {
  auto waiting = inserted(a_run());
  auto failed = inserted(a_run());
  auto completed = inserted(a_run());
  move_to(failed, RunState::kFailed);
  move_to(completed, RunState::kCompleted);
  using enum RunState;
  EXPECT_THAT(ids({.states = {kFailed}}), ElementsAre(failed.id.text()));
  EXPECT_THAT(ids({.workspace = workspace_.id, .states = {kFailed}}), ElementsAre(failed.id.text()));
  EXPECT_THAT(ids({.workspace = workspace_.id, .states = {kFailed, kCompleted}}), ElementsAre(completed.id.text(), failed.id.text()));
  EXPECT_THAT(ids({.workspace = workspace_.id, .states = {kNotStarted, kQueued}}), ElementsAre(waiting.id.text()));
  EXPECT_THAT(ids({.experiment = waiting.experiment, .states = {kCompleted}}), ElementsAre(completed.id.text()));
  EXPECT_THAT(ids({.workspace = WorkspaceId("other"), .states = {kFailed}}), IsEmpty());
  EXPECT_THAT(ids({.workspace = WorkspaceId("other"), .experiment = waiting.experiment}), IsEmpty());
}

TEST_P(RepositoryTest, APrefixFindsIdsByTheirBytes) {
  const auto lower = inserted(a_run("ab"));
  const auto upper = inserted(a_run("Ab"));
  const auto dash = inserted(a_run("a-b"));
  EXPECT_THAT(ids({.id_prefix = "ab"}), ElementsAre(lower.id.text()));
  EXPECT_THAT(ids({.id_prefix = "A"}), ElementsAre(upper.id.text()));
  EXPECT_THAT(ids({.id_prefix = "a"}), ElementsAre(lower.id.text(), dash.id.text()));
  EXPECT_THAT(ids({.id_prefix = lower.id.text()}), ElementsAre(lower.id.text()));
  EXPECT_THAT(ids({.workspace = WorkspaceId("other"), .id_prefix = "a"}), IsEmpty());
  EXPECT_THAT(ids({.parent = lower.id, .id_prefix = "a"}), IsEmpty());
}

TEST_P(RepositoryTest, ACursorOfAnotherListIsRefused) {
  const auto run = inserted(a_run());
  for (const auto* cursor : {"x", "p", "p1x", "n5", "i", "p99999999999999999999"}) EXPECT_ERROR(list_runs(tx(), {}, 10, cursor), kInvalidInput);
  EXPECT_ERROR(list_runs(tx(), {.experiment = run.experiment}, 10, "p5"), kInvalidInput);
  EXPECT_ERROR(list_runs(tx(), {.id_prefix = "a"}, 10, "p5"), kInvalidInput);
}

TEST_P(RepositoryTest, TagsComeAndGo) {
  const auto run = inserted(a_run());
  EXPECT_OK(set_tags(tx(), run.id, {{"a", "1"}, {"b", std::nullopt}}));
  EXPECT_OK(set_tag(tx(), run.id, "a", "2"));
  EXPECT_OK(remove_tags(tx(), run.id, {"b", "never there"}));
  VALUE_OF(const auto found, find_run(tx(), run.id));
  EXPECT_EQ(found.tags, (Tags{{"a", "2"}}));
  EXPECT_ERROR(set_tag(tx(), RunId("none"), "a", "1"), kNotFound);
  EXPECT_ERROR(set_tag(tx(), run.id, "", "1"), kInvalidInput);
}

TEST_P(RepositoryTest, PropertiesAreWrittenOnce) {
  const auto run = inserted(a_run());
  EXPECT_OK(add_properties(tx(), run.id, {{"a", "1"}, {"b", "2"}}));
  EXPECT_OK(add_properties(tx(), run.id, {{"a", "1"}}));
  const auto conflict =
      tx().with_savepoint([&](db::Transaction& inner) { return add_properties(inner, run.id, {{"a", "x"}, {"b", "y"}, {"c", "3"}}); });
  ASSERT_FALSE(conflict);
  EXPECT_EQ(conflict.error().code(), ErrorCode::kConflict);
  EXPECT_EQ(conflict.error().mistake_list().size(), 2U);
  VALUE_OF(const auto found, find_run(tx(), run.id));
  EXPECT_EQ(found.properties, (Properties{{"a", "1"}, {"b", "2"}}));
  EXPECT_ERROR(add_properties(tx(), RunId("none"), {{"a", "1"}}), kNotFound);
}

RunFile a_file(const std::string& origin, const std::string& content) {
  RunFile file;
  file.path = "outputs/model.pkl";
  file.size_bytes = static_cast<std::int64_t>(content.size());
  file.sha256 = sha256(content);
  file.object = sha256(content + "object");
  file.origin = origin;
  file.created_at = from_micros(1'700'000'000'000'000);
  return file;
}

TEST_P(RepositoryTest, AnExplicitUploadWins) {
  using enum PutFile::Outcome;
  const auto run = inserted(a_run());
  const auto put = [&](const RunFile& file) {
    auto result = put_file(tx(), run.id, file);
    EXPECT_TRUE(result) << result.error().to_line();
    return result->outcome;
  };
  EXPECT_EQ(put(a_file("outputs", "one")), kStored);
  EXPECT_EQ(put(a_file("outputs", "one")), kUnchanged);
  EXPECT_EQ(put(a_file("outputs", "two")), kStored);
  EXPECT_EQ(put(a_file("upload", "three")), kStored);
  EXPECT_EQ(put(a_file("upload", "three")), kUnchanged);
  EXPECT_EQ(put(a_file("outputs", "four")), kKeptUpload);
  EXPECT_EQ(put(a_file("outputs", "three")), kUnchanged);
  EXPECT_ERROR(put_file(tx(), run.id, a_file("upload", "five")), kConflict);
  VALUE_OF(const auto files, list_files(tx(), run.id));
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].sha256, sha256("three"));
  EXPECT_EQ(files[0].object, sha256("threeobject"));
  EXPECT_EQ(files[0].origin, "upload");
}

TEST_P(RepositoryTest, AFileThatIsUploadedAfterItWasCollectedCountsAsUploaded) {
  const auto run = inserted(a_run());
  EXPECT_OK(put_file(tx(), run.id, a_file("outputs", "same")));
  EXPECT_OK(put_file(tx(), run.id, a_file("upload", "same")));
  VALUE_OF(const auto file, look_up_file(tx(), run.id, "outputs/model.pkl"));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->origin, "upload");
  VALUE_OF(const auto missing, look_up_file(tx(), run.id, "outputs/other"));
  EXPECT_FALSE(missing);
  EXPECT_ERROR(put_file(tx(), RunId("none"), a_file("upload", "x")), kNotFound);
}

TEST_P(RepositoryTest, EventsAreNumberedPerRun) {
  const auto run = inserted(a_run());
  const auto other = inserted(a_run());
  VALUE_OF(const auto first, append_event(tx(), run.id, {0, clock_.now(), "state", "was queued", nullptr}));
  VALUE_OF(const auto second, append_event(tx(), run.id, {0, clock_.now(), "state", "runs", json::object{{"attempt", 1}}}));
  VALUE_OF(const auto elsewhere, append_event(tx(), other.id, {0, clock_.now(), "state", "was queued", nullptr}));
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 2);
  EXPECT_EQ(elsewhere, 1);
  VALUE_OF(const auto after, list_events(tx(), run.id, 1));
  ASSERT_EQ(after.size(), 1U);
  EXPECT_EQ(after[0].message, "runs");
  EXPECT_EQ(after[0].data, json::value(json::object{{"attempt", 1}}));
  EXPECT_ERROR(append_event(tx(), RunId("none"), {0, clock_.now(), "state", "x", nullptr}), kNotFound);
}

TEST_P(RepositoryTest, AKeyMakesOneRun) {
  const auto run = inserted(a_run());
  const auto request = sha256("the request");
  EXPECT_OK(add_idempotency_key(tx(), "key-1", request, run.id, clock_.now()));
  VALUE_OF(const auto found, find_by_idempotency_key(tx(), "key-1", request));
  EXPECT_EQ(found, run.id);
  VALUE_OF(const auto unknown, find_by_idempotency_key(tx(), "key-2", request));
  EXPECT_FALSE(unknown);
  EXPECT_ERROR(find_by_idempotency_key(tx(), "key-1", sha256("another")), kConflict);
  EXPECT_ERROR(add_idempotency_key(tx(), "key-1", request, run.id, clock_.now()), kConflict);
  EXPECT_ERROR(add_idempotency_key(tx(), std::string(129, 'k'), request, run.id, clock_.now()), kInvalidInput);
  VALUE_OF(const auto young, forget_idempotency_keys(tx(), clock_.now()));
  EXPECT_EQ(young, 0);
  VALUE_OF(const auto old, forget_idempotency_keys(tx(), clock_.now() + Duration(1)));
  EXPECT_EQ(old, 1);
}

TEST_P(RepositoryTest, TheFirstValueOfTheServerStays) {
  VALUE_OF(const auto first, get_or_set_meta(tx(), "secret", "one"));
  VALUE_OF(const auto second, get_or_set_meta(tx(), "secret", "two"));
  EXPECT_EQ(first, "one");
  EXPECT_EQ(second, "one");
  EXPECT_OK(set_meta(tx(), "secret", "three"));
  VALUE_OF(const auto found, find_meta(tx(), "secret"));
  EXPECT_EQ(found, "three");
}

}  // namespace
}  // namespace stoker::catalog
