// Params, tags, inputs, latest metrics, experiments by number; on both engines.
#include "catalog/repository_test.hpp"

#include <cmath>
#include <limits>

#include "catalog/removals.hpp"
#include "catalog/tracking/tracked_experiments.hpp"
#include "catalog/tracking/tracked_run.hpp"

namespace stoker::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class TrackingTest : public RepositoryTest {
 protected:
  std::int64_t pk_of(const Run& run) { return find_tracked(tx(), workspace_.id, run.id)->value(); }
  TrackedRun tracked(const Run& run) {
    const auto pk = pk_of(run);
    return read_tracked(tx(), std::span(&pk, 1))->at(0);
  }
  Experiment an_experiment(const std::string& name) {
    Experiment wish;
    wish.workspace = workspace_.id;
    wish.name = name;
    wish.created_at = clock_.now();
    return wish;
  }
};

TEST_P(TrackingTest, ParamsAreWrittenOnce) {
  const auto pk = pk_of(inserted(a_run()));
  EXPECT_TRUE(add_params(tx(), pk, {{"lr", "0.1"}, {"name", "größe"}})->empty());
  EXPECT_TRUE(add_params(tx(), pk, {{"lr", "0.1"}, {"new", ""}})->empty());
  const auto conflicts = *add_params(tx(), pk, {{"lr", "0.2"}});
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts[0].key, "lr");
  EXPECT_EQ(conflicts[0].old_value, "0.1");
  EXPECT_EQ(conflicts[0].new_value, "0.2");
}

TEST_P(TrackingTest, ARunIsReadWithEverything) {
  auto run = a_run();
  run.user = "ada";
  run.spec.kind = RunKind::kInteractive;
  run = inserted(run);
  const auto pk = pk_of(run);
  ASSERT_TRUE(add_params(tx(), pk, {{"b", "2"}, {"a", "1"}})->empty());
  ASSERT_TRUE(put_tags(tx(), pk, {{"t", std::string(8000, 'x')}, {"t", "last"}}));
  const std::vector<LatestMetric> metrics{{"loss", std::nan(""), 3, from_micros(5)},
                                          {"acc", std::numeric_limits<double>::infinity(), 1, from_micros(6)}};
  ASSERT_TRUE(put_latest_metrics(tx(), run.id, metrics));
  ASSERT_TRUE(add_inputs(tx(), pk, {{.name = "d", .digest = "1", .source = "s", .schema = "{}", .tags = {{"mlflow.data.context", "train"}}}}));
  ASSERT_TRUE(add_inputs(tx(), pk, {{.name = "d", .digest = "1", .source = "other", .tags = {}}, {.name = "e", .digest = "2"}}));
  ASSERT_TRUE(put_models(tx(), pk, false, {{"m-1"}, {"m-2"}}));
  ASSERT_TRUE(put_models(tx(), pk, true, {{"m-1", 3}}));
  ASSERT_TRUE(put_models(tx(), pk, true, {{"m-1", 4}}));

  const auto found = tracked(run);
  EXPECT_EQ(found.id, run.id);
  EXPECT_EQ(found.user, "ada");
  EXPECT_EQ(found.kind, RunKind::kInteractive);
  EXPECT_THAT(found.params, ElementsAre(Pair("a", "1"), Pair("b", "2")));
  EXPECT_THAT(found.tags, ElementsAre(Pair("t", "last")));
  ASSERT_EQ(found.metrics.size(), 2U);
  EXPECT_EQ(found.metrics[0].key, "acc");
  EXPECT_EQ(found.metrics[0].value, std::numeric_limits<double>::max());
  EXPECT_TRUE(std::isnan(found.metrics[1].value));
  EXPECT_EQ(found.metrics[1].step, 3);
  ASSERT_EQ(found.inputs.size(), 2U);
  EXPECT_EQ(found.inputs[0].source, "s");
  EXPECT_EQ(found.inputs[0].schema, "{}");
  EXPECT_THAT(found.inputs[0].tags, ElementsAre(Pair("mlflow.data.context", "train")));
  EXPECT_EQ(found.inputs[1].name, "e");
  EXPECT_THAT(found.model_inputs, ElementsAre("m-1", "m-2"));
  ASSERT_EQ(found.model_outputs.size(), 1U);
  EXPECT_EQ(found.model_outputs[0].step, 4);
}

TEST_P(TrackingTest, TagsComeAndGo) {
  const auto pk = pk_of(inserted(a_run()));
  ASSERT_TRUE(put_tags(tx(), pk, {{"k", "v"}}));
  EXPECT_EQ(*find_tag(tx(), pk, "k"), "v");
  EXPECT_TRUE(*remove_tag(tx(), pk, "k"));
  EXPECT_FALSE(*remove_tag(tx(), pk, "k"));
  EXPECT_FALSE(*find_tag(tx(), pk, "k"));
}

TEST_P(TrackingTest, WhatTheRunHasGoesWithIt) {
  const auto run = inserted(a_run());
  const auto pk = pk_of(run);
  ASSERT_TRUE(add_params(tx(), pk, {{"a", "1"}})->empty());
  ASSERT_TRUE(put_latest_metrics(tx(), run.id, std::vector<LatestMetric>{{"m", 1, 0, clock_.now()}}));
  ASSERT_TRUE(add_inputs(tx(), pk, {{.name = "d", .digest = "1"}}));
  ASSERT_TRUE(put_models(tx(), pk, true, {{"m-1"}}));
  ASSERT_TRUE(remove_run(tx(), run.id));
  EXPECT_TRUE(put_latest_metrics(tx(), run.id, std::vector<LatestMetric>{{"m", 1, 0, clock_.now()}})) << "points of a run that is gone";
  EXPECT_FALSE(*find_tracked(tx(), workspace_.id, run.id));
}

TEST_P(TrackingTest, SummariesOfDatasetsAreDistinct) {
  const auto first = inserted(a_run()), second = inserted(a_run());
  const InputDataset train{
      .name = "d", .digest = "1", .source_type = {}, .source = {}, .schema = {}, .profile = {}, .tags = {{"mlflow.data.context", "train"}}};
  auto test = train;
  test.tags = {{"mlflow.data.context", "test"}};
  ASSERT_TRUE(add_inputs(tx(), pk_of(first), {train}));
  ASSERT_TRUE(add_inputs(tx(), pk_of(second), {test}));
  const std::vector<std::int64_t> numbers{1, 99};
  const auto found = *dataset_summaries(tx(), workspace_.id, numbers, 10);
  std::vector<std::string> contexts;
  for (const auto& one : found) contexts.push_back(one.context.value_or(""));
  EXPECT_THAT(contexts, UnorderedElementsAre("train", "test"));
  EXPECT_EQ(dataset_summaries(tx(), workspace_.id, numbers, 1)->size(), 1U);
}

TEST_P(TrackingTest, ExperimentsAreFoundByNumber) {
  ASSERT_TRUE(make_default_experiment(tx(), workspace_.id, clock_.now(), random_));
  ASSERT_TRUE(make_default_experiment(tx(), workspace_.id, clock_.now(), random_));
  auto wish = an_experiment("a name / of any kind, ✓");
  wish.artifact_location = "s3://b/p";
  wish.tags["k"] = std::string(5000, 'v');
  const auto made = create_experiment(tx(), wish, random_);
  ASSERT_TRUE(made) << made.error().to_line();
  EXPECT_EQ(made->number, 1);
  EXPECT_EQ((*find_experiment_by_number(tx(), workspace_.id, 0))->name, "Default");
  const auto found = **find_experiment_by_number(tx(), workspace_.id, 1);
  EXPECT_EQ(found.artifact_location, "s3://b/p");
  EXPECT_EQ(found.tags, wish.tags);
  EXPECT_FALSE(*find_experiment_by_number(tx(), workspace_.id, 7));
  EXPECT_EQ(create_experiment(tx(), wish, random_).error().code(), ErrorCode::kConflict);
  const auto run = inserted(a_run(wish.name));
  EXPECT_EQ(run.experiment, made->id) << "runs begin in it by its name";
}

TEST_P(TrackingTest, AnExperimentGoesAndComesWithItsRuns) {
  const auto one = inserted(a_run()), other = inserted(a_run());
  const auto experiment = **find_experiment_by_number(tx(), workspace_.id, 1);
  clock_.advance(Duration(1'000'000));
  ASSERT_TRUE(archive_with_runs(tx(), experiment, clock_.now()));
  EXPECT_TRUE(tracked(one).is_archived);
  const auto archived = **find_experiment_by_number(tx(), workspace_.id, 1);
  EXPECT_TRUE(archived.archived_at);
  EXPECT_EQ(archived.updated_at, clock_.now());
  ASSERT_TRUE(restore_with_runs(tx(), experiment, clock_.now()));
  EXPECT_FALSE(tracked(other).is_archived);
  ASSERT_TRUE(rename_experiment(tx(), experiment, "new", clock_.now()));
  EXPECT_EQ((*find_experiment_by_number(tx(), workspace_.id, 1))->name, "new");
  ASSERT_TRUE(create_experiment(tx(), an_experiment("taken"), random_));
  EXPECT_EQ(rename_experiment(tx(), experiment, "taken", clock_.now()).error().code(), ErrorCode::kConflict);
}

INSTANTIATE_TEST_SUITE_P(Engines, TrackingTest, ::testing::Values(Engine::kSqlite, Engine::kPostgres), db::testing::engine_name);

}  // namespace
}  // namespace stoker::catalog
