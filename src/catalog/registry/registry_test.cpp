// Artifacts, models, logged models and traces in the catalog, on both engines.
#include <cmath>

#include "catalog/registry/artifacts.hpp"
#include "catalog/registry/logged_models.hpp"
#include "catalog/registry/models.hpp"
#include "catalog/removals.hpp"
#include "catalog/repository_test.hpp"

namespace stoker::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RegistryTest : public RepositoryTest {
 protected:
  ArtifactPlace general(const std::string& path) { return {workspace_.id, std::nullopt, path}; }
  void put(const ArtifactPlace& place, std::int64_t size = 1) {
    EXPECT_OK(put_artifact(tx(), place, {place.path, size, sha256(place.path), sha256("x"), clock_.now()}));
  }
  std::vector<std::string> names(const ArtifactPlace& folder) {
    std::vector<std::string> found;
    const auto listed = list_artifacts(tx(), folder);
    EXPECT_TRUE(listed) << listed.error().to_line();
    if (!listed) return found;
    for (const auto& entry : *listed) found.push_back(entry.name + (entry.is_folder ? "/" : ""));
    return found;
  }
  ModelVersion version(const std::string& model, const RunId& run = {}) {
    ModelVersion wanted;
    wanted.model = model;
    wanted.source = wanted.storage = "s3://b/p";
    wanted.run = run;
    clock_.advance(Duration(1'000'000));
    auto made = create_version(tx(), workspace_.id, wanted, clock_.now());
    EXPECT_TRUE(made) << made.error().to_line();
    return made ? *made : ModelVersion();
  }
};

TEST_P(RegistryTest, APathOfARunIsTheRunsFile) {
  const auto run = inserted(a_run());
  const auto root = "1/" + run.id.text() + "/artifacts";
  VALUE_OF(const auto place, place_artifact(tx(), workspace_.id, root + "/model/x"));
  EXPECT_EQ(place.run, run.id);
  EXPECT_EQ(place.path, "model/x");
  VALUE_OF(const auto whole, place_artifact(tx(), workspace_.id, root));
  EXPECT_EQ(whole.path, "");
  const std::vector<std::string> others = {"2/" + run.id.text() + "/artifacts/x", "1/nosuch/artifacts/x", "1/" + run.id.text() + "/artifactsx",
                                           "1/" + run.id.text(), "x"};
  for (const auto& other : others) {
    VALUE_OF(const auto elsewhere, place_artifact(tx(), workspace_.id, other));
    EXPECT_FALSE(elsewhere.run) << other;
    EXPECT_EQ(elsewhere.path, other);
  }
  VALUE_OF(const auto back, artifact_root_of(tx(), workspace_.id, run.id));
  EXPECT_EQ(back, root);
  put(place);
  VALUE_OF(const auto files, list_files(tx(), run.id));
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_EQ(files[0].origin, "upload");
  EXPECT_ERROR(artifact_root_of(tx(), WorkspaceId("other"), run.id), kNotFound);
}

TEST_P(RegistryTest, AFolderIsListedWithoutReadingWhatIsBelow) {
  for (int i = 0; i < 60; ++i) {
    put(general("a/d/" + std::to_string(i)));
    put(general("a/d-" + std::to_string(i % 2)));
    put(general("a/e/f/" + std::to_string(i)));
  }
  put(general("a/\xC3\xA9.txt"), 7);
  EXPECT_THAT(names(general("a")), ElementsAre("d/", "d-0", "d-1", "e/", "\xC3\xA9.txt"));
  EXPECT_THAT(names(general("")), ElementsAre("a/"));
  EXPECT_THAT(names(general("a/d")), SizeIs(60));
  EXPECT_THAT(names(general("a/d-0")), IsEmpty());
}

TEST_P(RegistryTest, FoldersAndFilesDoNotTakeEachOthersPlace) {
  put(general("a/b"), 1);
  put(general("a/b"), 2);
  VALUE_OF(const auto kept, look_up_artifact(tx(), general("a/b")));
  EXPECT_EQ(kept->size_bytes, 2);
  const Artifact file{"", 1, {}, {}, clock_.now()};
  EXPECT_ERROR(put_artifact(tx(), general("a"), file), kInvalidInput);
  EXPECT_ERROR(put_artifact(tx(), general("a/b/c"), file), kInvalidInput);
  EXPECT_ERROR(remove_artifacts(tx(), general("")), kInvalidInput);
  put(general("a0"));
  EXPECT_OK(remove_artifacts(tx(), general("a")));
  EXPECT_OK(remove_artifacts(tx(), general("a")));
  EXPECT_THAT(names(general("")), ElementsAre("a0"));
}

TEST_P(RegistryTest, ContentsGetAnotherName) {
  const auto run = inserted(a_run());
  put({workspace_.id, run.id, "\xC3\xA9/m/x"}, 5);
  put({workspace_.id, run.id, "\xC3\xA9/m2"}, 6);
  VALUE_OF(const auto copied, copy_artifacts_of_run(tx(), {workspace_.id, run.id, "\xC3\xA9/m"}, "assets/1/m", clock_.now()));
  EXPECT_EQ(copied, 1);
  VALUE_OF(const auto all, copy_artifacts_of_run(tx(), {workspace_.id, run.id, ""}, "assets/2/all", clock_.now()));
  EXPECT_EQ(all, 2);
  EXPECT_THAT(names(general("assets/1/m")), ElementsAre("x"));
  EXPECT_THAT(names(general("assets/2/all/\xC3\xA9")), ElementsAre("m/", "m2"));
  ASSERT_TRUE(remove_run(tx(), run.id));
  VALUE_OF(const auto moved, move_artifacts(tx(), general("assets/1/m"), "assets/3/n"));
  EXPECT_EQ(moved, 1);
  VALUE_OF(const auto files, artifacts_at(tx(), general("assets/3/n"), 10));
  ASSERT_THAT(files, SizeIs(1));
  EXPECT_EQ(files[0].path, "assets/3/n/x");
  EXPECT_EQ(files[0].size_bytes, 5);
  EXPECT_ERROR(artifacts_at(tx(), general("assets"), 2), kInputTooLarge);
}

TEST_P(RegistryTest, ModelsAndVersions) {
  VALUE_OF(const auto model, create_model(tx(), workspace_.id, "m", "d", {{"k", "v"}}, clock_.now()));
  EXPECT_ERROR(create_model(tx(), workspace_.id, "m", "", {}, clock_.now()), kConflict);
  EXPECT_ERROR(find_model(tx(), workspace_.id, "n"), kNotFound);
  EXPECT_EQ(version("m").version, 1);
  auto second = version("m", RunId("r-1"));
  EXPECT_OK(set_version_tag(tx(), second, "t", "1"));
  EXPECT_OK(set_model_alias(tx(), workspace_.id, model, "best", 2));
  EXPECT_ERROR(set_model_alias(tx(), workspace_.id, model, "best", 9), kNotFound);
  second.stage = "Staging";
  second.properties = {{"p", "1"}};
  second.details = {{"framework", "x"}};
  EXPECT_OK(update_version(tx(), second, clock_.now()));
  VALUE_OF(const auto found, find_version(tx(), workspace_.id, "m", 2));
  EXPECT_EQ(found.tags, (Labels{{"t", "1"}}));
  EXPECT_EQ(found.properties, (Labels{{"p", "1"}}));
  EXPECT_THAT(found.aliases, ElementsAre("best"));
  VALUE_OF(const auto whole, find_model(tx(), workspace_.id, "m"));
  ASSERT_THAT(whole.latest, SizeIs(2));
  EXPECT_EQ(whole.latest[0].stage, "None");
  EXPECT_EQ(whole.latest[1].version, 2);
  VALUE_OF(const auto of_run, list_versions(tx(), workspace_.id, {std::nullopt, RunId("r-1")}));
  EXPECT_THAT(of_run, SizeIs(1));
  EXPECT_OK(remove_version(tx(), found, clock_.now()));
  VALUE_OF(const auto without, find_model(tx(), workspace_.id, "m"));
  EXPECT_THAT(without.aliases, IsEmpty());
  EXPECT_EQ(version("m").version, 3);
  ASSERT_TRUE(create_model(tx(), workspace_.id, "n", "", {}, clock_.now()));
  EXPECT_ERROR(rename_model(tx(), workspace_.id, without, "n", clock_.now()), kConflict);
  EXPECT_OK(rename_model(tx(), workspace_.id, without, "o", clock_.now()));
  VALUE_OF(const auto listed, list_versions(tx(), workspace_.id, {}));
  ASSERT_THAT(listed, SizeIs(2));
  EXPECT_EQ(listed[0].model, "o");
  EXPECT_EQ(listed[0].version, 3);
  EXPECT_OK(remove_model(tx(), without));
  VALUE_OF(const auto none, list_versions(tx(), workspace_.id, {}));
  EXPECT_THAT(none, IsEmpty());
}

TEST_P(RegistryTest, LoggedModelsKeepEveryPoint) {
  inserted(a_run());
  LoggedModel wanted;
  wanted.experiment = 1;
  wanted.name = "a";
  wanted.params = {{"p", "1"}};
  VALUE_OF(auto model, create_logged_model(tx(), workspace_.id, wanted, clock_.now(), random_));
  EXPECT_EQ(model.id.size(), 34U);
  ModelMetric point{.key = "acc", .value = 0.5, .time = 5, .step = 1, .run = RunId("r")};
  EXPECT_OK(put_logged_model_metric(tx(), model.id, point));
  EXPECT_OK(put_logged_model_metric(tx(), model.id, point));
  point.step = 2;
  point.value = std::nan("");
  EXPECT_OK(put_logged_model_metric(tx(), model.id, point));
  EXPECT_OK(put_logged_model_metric(tx(), "m-none", point));
  VALUE_OF(const auto listed, list_logged_models(tx(), workspace_.id, {1, 7}));
  ASSERT_THAT(listed, SizeIs(1));
  ASSERT_THAT(listed[0].metrics, SizeIs(2));
  EXPECT_TRUE(std::isnan(listed[0].metrics[1].value));
  model.deleted_at = clock_.now();
  EXPECT_OK(update_logged_model(tx(), model, clock_.now()));
  EXPECT_ERROR(find_logged_model(tx(), workspace_.id, model.id), kNotFound);
  VALUE_OF(const auto deleted, find_logged_model(tx(), workspace_.id, model.id, true));
  EXPECT_EQ(deleted.params, wanted.params);
  wanted.experiment = 9;
  EXPECT_ERROR(create_logged_model(tx(), workspace_.id, wanted, clock_.now(), random_), kNotFound);
}

TEST_P(RegistryTest, TracesAreWalkedNewestFirst) {
  inserted(a_run());
  Trace trace;
  trace.experiment = 1;
  trace.state = "OK";
  for (int i = 0; i < 5; ++i) {
    trace.id = "tr-" + std::to_string(i);
    trace.time = 1000 + i / 2;
    EXPECT_OK(put_trace(tx(), workspace_.id, trace));
  }
  trace.tags = {{"a", "b"}};
  EXPECT_OK(put_trace(tx(), workspace_.id, trace));
  VALUE_OF(const auto first, list_traces(tx(), workspace_.id, 1, {}, 2));
  ASSERT_THAT(first, SizeIs(2));
  EXPECT_EQ(first[0].id, "tr-4");
  EXPECT_EQ(first[0].tags, trace.tags);
  EXPECT_EQ(first[1].id, "tr-3");
  VALUE_OF(const auto rest, list_traces(tx(), workspace_.id, 1, {first[1].time, first[1].pk}, 10));
  EXPECT_THAT(rest, SizeIs(3));
  EXPECT_OK(remove_trace(tx(), first[0]));
  EXPECT_ERROR(find_trace(tx(), workspace_.id, "tr-4"), kNotFound);
  EXPECT_OK(remove_workspace(tx(), create_workspace(tx(), {"s", "g", "empty"}, clock_.now(), random_)->id));
}

INSTANTIATE_TEST_SUITE_P(Engines, RegistryTest, ::testing::Values(Engine::kSqlite, Engine::kPostgres), db::testing::engine_name);

}  // namespace
}  // namespace stoker::catalog
