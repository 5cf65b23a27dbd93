#include "catalog/data.hpp"
#include "catalog/repository_test.hpp"

namespace stoker::catalog {
namespace {

class DataRepository : public RepositoryTest {
 protected:
  static DatasetDefinition files(const std::string& path) {
    DatasetDefinition definition;
    definition.paths = {{.datastore = "workspaceblobstore", .path = path, .url = {}}};
    return definition;
  }
  Dataset saved(const std::string& path) {
    auto dataset = save_dataset(tx(), workspace_.id, files(path), clock_.now());
    EXPECT_TRUE(dataset) << dataset.error().to_line();
    return dataset ? *dataset : Dataset();
  }
  Result<Dataset> registered(const std::string& id, const std::string& name, bool new_version = false) {
    clock_.advance(Duration(1'000));
    return register_dataset(tx(), workspace_.id, id, {.name = name, .description = "d", .tags = {{"k", "v"}}}, new_version, clock_.now());
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, DataRepository, ::testing::Values(Engine::kSqlite, Engine::kPostgres), db::testing::engine_name);

TEST_P(DataRepository, DatastoresAreBuiltInOrRegisteredAndOneIsTheDefault) {
  EXPECT_EQ(find_datastore(tx(), workspace_.id, "")->name, "workspaceblobstore");
  const auto made = register_datastore(tx(), workspace_.id, "images", "/data", false, clock_.now());
  ASSERT_TRUE(made) << made.error().to_line();
  EXPECT_EQ(made->path, "/data");
  EXPECT_TRUE(register_datastore(tx(), workspace_.id, "images", "/data", false, clock_.now())) << "the same again";
  EXPECT_EQ(register_datastore(tx(), workspace_.id, "images", "/other", false, clock_.now()).error().code(), ErrorCode::kConflict);
  EXPECT_EQ(register_datastore(tx(), workspace_.id, "images", "/other", true, clock_.now())->path, "/other");
  EXPECT_EQ(register_datastore(tx(), workspace_.id, "workspaceblobstore", "/x", true, clock_.now()).error().code(), ErrorCode::kConflict);
  EXPECT_EQ(register_datastore(tx(), workspace_.id, "no-dash", "/x", true, clock_.now()).error().code(), ErrorCode::kInvalidInput);
  ASSERT_TRUE(set_default_datastore(tx(), workspace_.id, "images"));
  EXPECT_EQ(find_datastore(tx(), workspace_.id, "")->name, "images");
  EXPECT_EQ(list_datastores(tx(), workspace_.id)->size(), 5U);
  EXPECT_THAT(find_datastore(tx(), workspace_.id, "imges").error().hint_text(), ::testing::HasSubstr("images"));
  EXPECT_EQ(remove_datastore(tx(), workspace_.id, "workspacefilestore").error().code(), ErrorCode::kConflict);
  ASSERT_TRUE(remove_datastore(tx(), workspace_.id, "images"));
  EXPECT_EQ(find_datastore(tx(), workspace_.id, "")->name, "workspaceblobstore");
}

TEST_P(DataRepository, TheSameContentIsTheSameDatasetAndTheSameVersion) {
  const auto one = saved("a");
  EXPECT_EQ(saved("a").id, one.id);
  EXPECT_NE(saved("b").id, one.id);
  EXPECT_EQ(registered(one.id, "set")->version, 1);
  EXPECT_EQ(registered(one.id, "set")->version, 1);
  EXPECT_EQ(registered(saved("b").id, "set").error().code(), ErrorCode::kConflict);
  const auto second = registered(saved("b").id, "set", true);
  ASSERT_TRUE(second) << second.error().to_line();
  EXPECT_EQ(second->version, 2);
  EXPECT_EQ(find_registered(tx(), workspace_.id, "set", std::nullopt)->version, 2);
  EXPECT_EQ(find_registered(tx(), workspace_.id, "set", 1)->id, one.id);
  EXPECT_EQ(find_registered(tx(), workspace_.id, "set", 9).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(find_dataset(tx(), workspace_.id, one.id)->name, "set") << "an id knows the registration";
  EXPECT_EQ(tag_dataset(tx(), workspace_.id, "set", 2, {{"x", "y"}})->tags.size(), 2U);
  EXPECT_EQ(list_registered(tx(), workspace_.id)->size(), 2U);
  EXPECT_THAT(find_registered(tx(), workspace_.id, "sett", std::nullopt).error().hint_text(), ::testing::HasSubstr("set"));
  ASSERT_TRUE(unregister_dataset(tx(), workspace_.id, "set"));
  EXPECT_EQ(unregister_dataset(tx(), workspace_.id, "set").error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(find_dataset(tx(), workspace_.id, one.id)->name.empty());
}

TEST_P(DataRepository, ARunKnowsWhatItReadAndWrote) {
  auto run = a_run();
  const auto input = registered(saved("a").id, "set");
  run.spec.data = {{.role = DataRole::kInput, .name = "in", .mode = DataMode::kMount, .dataset = input->id},
                   {.role = DataRole::kOutput,
                    .name = "out",
                    .mode = DataMode::kUpload,
                    .datastore = "workspaceblobstore",
                    .path = "made",
                    .registration = DataRegistration{.name = "model", .description = {}, .tags = {}}}};
  run = inserted(run);
  ASSERT_TRUE(add_run_inputs(tx(), run));
  ASSERT_TRUE(add_run_reference(tx(), run.id, saved("b")));
  ASSERT_TRUE(registered(saved("c").id, "set", true)) << "a newer version does not change what the run read";
  ASSERT_TRUE(keep_run_outputs(tx(), run, clock_.now()));
  const auto uses = list_run_datasets(tx(), run.id);
  ASSERT_TRUE(uses) << uses.error().to_line();
  ASSERT_EQ(uses->size(), 3U);
  EXPECT_EQ((*uses)[0].relation, "input");
  EXPECT_EQ((*uses)[0].dataset.version, 1);
  EXPECT_EQ((*uses)[1].relation, "output");
  EXPECT_EQ((*uses)[1].dataset.name, "model");
  EXPECT_EQ((*uses)[2].relation, "reference");
  ASSERT_TRUE(unregister_dataset(tx(), workspace_.id, "set"));
  EXPECT_EQ((*list_run_datasets(tx(), run.id))[0].dataset.name, "set") << "as it was then";
}

}  // namespace
}  // namespace stoker::catalog
