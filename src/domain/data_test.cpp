#include <gmock/gmock.h>

#include "domain/run_spec.hpp"

namespace stoker {
namespace {

std::vector<Mistake> mistakes_of(const std::string& data, const std::string& more = "") {
  const auto value = parse_json(R"({"argv":["true"],"data":)" + data + more + "}");
  EXPECT_TRUE(value);
  std::vector<Mistake> mistakes;
  (void)read_run_spec(*value, "", mistakes);
  return mistakes;
}

TEST(Data, ABindingSurvivesItsJson) {
  const auto value = parse_json(R"({"argv":["true"],"data":[
    {"role":"output","name":"model","mode":"upload","datastore":"d","path":"/a/{run-id}/","path_on_compute":"./out/","overwrite":true,"source_globs":["*.txt"],
     "registration":{"name":"m","description":"x","tags":{"a":"b"}}},
    {"role":"input","name":"rows","mode":"direct","dataset":"id-1"},
    {"role":"reference","name":"0ref","mode":"download","datastore":"d","path":"p","path_on_compute":"/tmp/x"}]})");
  const auto spec = parse_run_spec(*value);
  ASSERT_TRUE(spec) << spec.error().to_terminal();
  EXPECT_EQ(spec->data[0].path, "a/{run-id}");
  EXPECT_EQ(spec->data[0].path_on_compute, "out");
  EXPECT_EQ(spec->data[2].path_on_compute, "/tmp/x");
  const auto again = parse_run_spec(json::value(to_json(*spec)));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->data, spec->data);
}

TEST(Data, EveryMistakeIsNamed) {
  const auto mistakes = mistakes_of(R"([
    {"role":"input","name":"a-b","mode":"mount","dataset":"x"},
    {"role":"input","name":"1a","mode":"upload"},
    {"role":"output","name":"o","mode":"direct","path":"../x"},
    {"role":"nothing","name":"n","mode":"mount"},
    {"role":"reference","name":"r","mode":"mount","datastore":"d","variable":"a b","registration":{"name":"a/b"}}])");
  std::string all;
  for (const auto& mistake : mistakes) all += mistake.path + ": " + mistake.message + "\n";
  for (const auto* wanted : {"data[0].name", "data[1].name", "data[1].mode", "data[1].dataset", "data[2].mode", "data[2].path", "data[3].role",
                             "data[4].variable", "data[4].registration.name", "data[4].registration: "})
    EXPECT_THAT(all, testing::HasSubstr(wanted));
}

TEST(Data, ClashesOfNamesAndVariablesAreMistakes) {
  const std::string in = R"({"role":"input","name":"x","mode":"direct","dataset":"i"})";
  EXPECT_THAT(mistakes_of("[" + in + "," + in + "]").front().message, testing::HasSubstr("given twice"));
  const std::string other = R"({"role":"input","name":"y","variable":"x","mode":"direct","dataset":"i"})";
  EXPECT_THAT(mistakes_of("[" + in + "," + other + "]").front().message, testing::HasSubstr("both set the variable x"));
  EXPECT_THAT(mistakes_of("[" + in + "]", R"(,"environment_variables":{"x":"1"})").front().message,
              testing::HasSubstr("hide the run's own variable x"));
  EXPECT_TRUE(mistakes_of("[" + in + "]").empty());
}

TEST(Data, ADefinitionHasPathsOrAddressesOfTheWeb) {
  std::vector<Mistake> mistakes;
  const auto good =
      read_dataset_definition(*parse_json(R"({"kind":"file","paths":[{"datastore":"d","path":"a/*"},{"url":"https://h/x"}]})"), "", mistakes);
  EXPECT_TRUE(mistakes.empty());
  EXPECT_EQ(json::serialize(to_json(good)), json::serialize(to_json(read_dataset_definition(json::value(to_json(good)), "", mistakes))));
  (void)read_dataset_definition(
      *parse_json(R"({"kind":"rows","paths":[{"datastore":"d","url":"https://h"},{"url":"ftp://x"},{"datastore":"d","path":"a/../b"}]})"), "",
      mistakes);
  EXPECT_EQ(mistakes.size(), 4U);
  mistakes.clear();
  (void)read_dataset_definition(*parse_json(R"({"kind":"file","paths":[]})"), "", mistakes);
  EXPECT_EQ(mistakes.size(), 1U);
}

TEST(Data, APlanSurvivesItsJson) {
  DataPlan plan;
  plan.binding = {.role = DataRole::kInput, .name = "x", .mode = DataMode::kMount, .dataset = "i"};
  plan.sources = {{"d", "/r", "a"}, {"d", "/r", "b"}, {"e", "/s", ""}};
  std::vector<Mistake> mistakes;
  const auto again = read_data_plan(json::value(to_json(plan)), "", mistakes);
  EXPECT_TRUE(mistakes.empty());
  EXPECT_EQ(again.binding, plan.binding);
  EXPECT_EQ(again.sources, plan.sources);
}

TEST(Data, DestinationsGetTheRunsIdAndTheOutputsName) {
  EXPECT_EQ(expand_destination("m/{run-id}/{output-name}/{run-id}", "r_1", "out"), "m/r_1/out/r_1");
}

}  // namespace
}  // namespace stoker
