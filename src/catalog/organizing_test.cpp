// What keeps a catalog tidy: archiving, deleting, filters, secrets. On both engines.
#include "catalog/removals.hpp"
#include "catalog/repository_test.hpp"
#include "catalog/secrets.hpp"

namespace stoker::catalog {
namespace {

using ::testing::IsEmpty;

TEST_P(RepositoryTest, ExperimentsAreArchivedTaggedAndRemoved) {
  VALUE_OF(auto made, get_or_create_experiment(tx(), workspace_.id, "a", clock_.now(), random_));
  made.archived_at = clock_.now();
  made.description = "first try";
  made.tags = {{"team", "vision"}};
  ASSERT_TRUE(update_experiment(tx(), made));
  VALUE_OF(const auto archived, find_experiment(tx(), made.id));
  EXPECT_EQ(json::serialize(to_json(archived)), json::serialize(to_json(made)));
  VALUE_OF(const auto listed, list_experiments(tx(), workspace_.id, false));
  EXPECT_THAT(listed, IsEmpty());
  VALUE_OF(const auto all, list_experiments(tx(), workspace_.id));
  EXPECT_EQ(all.size(), 1U);
  Experiment other;
  other.id = ExperimentId("none");
  EXPECT_ERROR(update_experiment(tx(), other), kNotFound);
  const auto run = inserted(a_run());
  EXPECT_ERROR(remove_experiment(tx(), run.experiment), kConflict);
  ASSERT_TRUE(remove_experiment(tx(), made.id));
  EXPECT_ERROR(find_experiment(tx(), made.id), kNotFound);
}

TEST_P(RepositoryTest, RunBringsItsArchivedExperimentBack) {
  const auto first = inserted(a_run());
  VALUE_OF(auto experiment, find_experiment(tx(), first.experiment));
  experiment.archived_at = clock_.now();
  ASSERT_TRUE(update_experiment(tx(), experiment));
  const auto second = inserted(a_run());
  EXPECT_EQ(second.experiment, first.experiment);
  VALUE_OF(const auto back, find_experiment(tx(), first.experiment));
  EXPECT_FALSE(back.archived_at);
}

TEST_P(RepositoryTest, WorkspacesAreChangedAndRemovedWithoutRunsOnly) {
  VALUE_OF(auto workspace, create_workspace(tx(), {"s", "g", "other"}, clock_.now(), random_));
  workspace.friendly_name = "Other";
  workspace.description = "for tests";
  workspace.tags = {{"a", "b"}};
  ASSERT_TRUE(update_workspace(tx(), workspace));
  VALUE_OF(const auto found, find_workspace(tx(), workspace.id));
  EXPECT_EQ(json::serialize(to_json(found)), json::serialize(to_json(workspace)));
  ASSERT_TRUE(get_or_create_experiment(tx(), workspace.id, "a", clock_.now(), random_));
  ASSERT_TRUE(put_secret(tx(), workspace.id, "key", "sealed", clock_.now()));
  ASSERT_TRUE(remove_workspace(tx(), workspace.id));
  EXPECT_ERROR(find_workspace(tx(), workspace.id), kNotFound);
  const auto run = inserted(a_run());
  EXPECT_ERROR(remove_workspace(tx(), workspace_.id), kConflict);
  VALUE_OF(const auto live, live_run_of_workspace(tx(), workspace_.id));
  EXPECT_EQ(live, run.id);
}

TEST_P(RepositoryTest, SecretsAreKeptByName) {
  ASSERT_TRUE(put_secret(tx(), workspace_.id, "b", "one", clock_.now()));
  ASSERT_TRUE(put_secret(tx(), workspace_.id, "a", "two", clock_.now()));
  ASSERT_TRUE(put_secret(tx(), workspace_.id, "b", "three", clock_.now()));
  VALUE_OF(const auto found, find_secret(tx(), workspace_.id, "b"));
  EXPECT_EQ(found.sealed, "three");
  VALUE_OF(const auto all, list_secrets(tx(), workspace_.id));
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].name, "a");
  ASSERT_TRUE(remove_secret(tx(), workspace_.id, "a"));
  EXPECT_ERROR(remove_secret(tx(), workspace_.id, "a"), kNotFound);
  EXPECT_ERROR(put_secret(tx(), WorkspaceId("none"), "a", "x", clock_.now()), kNotFound);
}

TEST_P(RepositoryTest, ARemovedRunLeavesANoteForItsStores) {
  auto parent = a_run();
  parent.tags = {{"stage", "dev"}};
  parent.properties = {{"p", "1"}};
  parent = inserted(parent);
  auto child = a_run();
  child.spec.parent = parent.id;
  child = inserted(child);
  ASSERT_TRUE(append_event(tx(), parent.id, {.time = clock_.now(), .kind = "note", .message = "m"}));
  ASSERT_TRUE(add_idempotency_key(tx(), "key", sha256("x"), parent.id, clock_.now()));
  EXPECT_ERROR(remove_run(tx(), parent.id), kConflict);
  ASSERT_TRUE(remove_run(tx(), child.id));
  ASSERT_TRUE(remove_run(tx(), parent.id));
  EXPECT_ERROR(find_run(tx(), parent.id), kNotFound);
  VALUE_OF(const auto noted, runs_being_removed(tx()));
  EXPECT_EQ(noted.size(), 2U);
  VALUE_OF(const bool leaving, is_being_removed(tx(), parent.id));
  EXPECT_TRUE(leaving);
  ASSERT_TRUE(forget_removal(tx(), parent.id));
  VALUE_OF(const bool still, is_being_removed(tx(), parent.id));
  EXPECT_FALSE(still);
}

TEST_P(RepositoryTest, ListsFilterByKindViewLabelsAndPlace) {
  auto plain = a_run(), tagged = a_run(), interactive = a_run(), child = a_run();
  tagged.tags = {{"stage", "dev"}, {"flag", std::nullopt}};
  tagged.properties = {{"git", "abc"}};
  interactive.spec.kind = RunKind::kInteractive;
  for (auto* run : {&plain, &tagged, &interactive}) *run = inserted(*run);
  child.spec.parent = plain.id;
  child = inserted(child);
  ASSERT_TRUE(set_archived(tx(), interactive.id, clock_.now()));
  const auto listed = [&](RunFilter filter) {
    const auto page = list_runs(tx(), filter, 100);
    EXPECT_TRUE(page) << page.error().to_line();
    std::vector<RunId> ids;
    for (const auto& run : page->runs) ids.push_back(run.id);
    return ids;
  };
  const std::vector<RunId> none;
  EXPECT_EQ(listed({}), (std::vector{child.id, tagged.id, plain.id}));
  EXPECT_EQ(listed({.view = RunView::kAll}), (std::vector{child.id, interactive.id, tagged.id, plain.id}));
  EXPECT_EQ(listed({.view = RunView::kArchived}), (std::vector{interactive.id}));
  EXPECT_EQ(listed({.kind = RunKind::kInteractive}), none);
  EXPECT_EQ(listed({.kind = RunKind::kInteractive, .view = RunView::kAll}), (std::vector{interactive.id}));
  EXPECT_EQ(listed({.top_level_only = true}), (std::vector{tagged.id, plain.id}));
  EXPECT_EQ(listed({.tags = {{"stage", std::nullopt}, {"flag", std::nullopt}}}), (std::vector{tagged.id}));
  EXPECT_EQ(listed({.tags = {{"stage", "dev"}}}), (std::vector{tagged.id}));
  EXPECT_EQ(listed({.tags = {{"stage", "prod"}}}), none);
  EXPECT_EQ(listed({.tags = {{"stage", "dev"}}, .properties = {{"git", "abc"}}}), (std::vector{tagged.id}));
  EXPECT_EQ(listed({.experiment = plain.experiment, .properties = {{"git", "abc"}}}), (std::vector{tagged.id}));
  EXPECT_EQ(listed({.parent = plain.id, .tags = {{"stage", "dev"}}}), none);
  EXPECT_EQ(listed({.workspace = workspace_.id, .states = {plain.state}, .view = RunView::kArchived}), (std::vector{interactive.id}));
}

TEST_P(RepositoryTest, ChildrenGetNumbersThatAreFree) {
  const auto parent = inserted(a_run());
  auto named = a_run();
  named.id = RunId(parent.id.text() + "_2");
  inserted(named);
  VALUE_OF(const auto first, next_child_id(tx(), parent.id));
  VALUE_OF(const auto second, next_child_id(tx(), parent.id));
  EXPECT_EQ(first.text(), parent.id.text() + "_1");
  EXPECT_EQ(second.text(), parent.id.text() + "_3");
  EXPECT_ERROR(next_child_id(tx(), RunId("none")), kNotFound);
}

}  // namespace
}  // namespace stoker::catalog
