#include <gtest/gtest.h>

#include <set>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "domain/names.hpp"
#include "domain/run.hpp"
#include "domain/run_spec.hpp"

namespace stoker {
namespace {

RunSpec full_spec() {
  RunSpec spec;
  spec.workspace = {"sub", "group", "work-space"};
  spec.experiment = "ridge";
  spec.display_name = "calm badger";
  spec.parent = RunId("ridge_1_00000000");
  spec.snapshot = SnapshotId(std::string(64, 'a'));
  spec.script = "train.py";
  spec.arguments = {"--alpha", "0.5", ""};
  spec.environment.kind = "user-managed";
  spec.environment.settings["interpreter"] = "python3";
  spec.environment.variables = {{"A", "1"}};
  spec.inherited = {{"PATH", "/bin"}};
  spec.environment_variables = {{"MY_API_KEY", "hush"}, {"PLAIN", "seen"}};
  spec.resources = {4, 1};
  spec.max_run_duration_seconds = 60;
  spec.grace_seconds = 0;
  spec.tags = {{"with", "value"}, {"without", std::nullopt}};
  spec.properties = {{"git", "abc"}};
  spec.submitted_by = "ada@host";
  spec.source_directory = "/home/ada/x";
  return spec;
}

std::vector<std::string> mistaken_paths(std::string_view text) {
  const auto spec = parse_run_spec(*parse_json(text));
  std::vector<std::string> paths;
  if (spec) return paths;
  const auto error = spec.error();
  for (const auto& mistake : error.mistake_list()) paths.push_back(mistake.path);
  return paths;
}

TEST(RunSpec, ComesBackAsItWas) {
  const auto body = to_json(full_spec());
  const auto back = parse_run_spec(json::value(body));
  ASSERT_TRUE(back) << back.error().to_terminal();
  EXPECT_EQ(to_json(*back), body);
  EXPECT_EQ(back->tags, full_spec().tags);
  EXPECT_EQ(back->max_run_duration_seconds, 60);
}

TEST(RunSpec, EveryFieldIsAlwaysThere) {
  RunSpec least;
  least.command = "true";
  EXPECT_EQ(to_json(least).size(), to_json(full_spec()).size());
  EXPECT_TRUE(parse_run_spec(json::value(to_json(least))));
}

TEST(RunSpec, TheLeastIsAProgram) {
  EXPECT_TRUE(mistaken_paths(R"({"command": "true"})").empty());
  EXPECT_TRUE(mistaken_paths(R"({"argv": ["/bin/true"]})").empty());
  EXPECT_EQ(mistaken_paths("{}"), std::vector<std::string>{"script"});
  EXPECT_EQ(mistaken_paths(R"({"command": "true", "script": "a.py"})"), std::vector<std::string>{"script"});
}

TEST(RunSpec, AllMistakesAtOnce) {
  const auto paths =
      mistaken_paths(R"({"experiment": "no blanks", "script": "/abs.py", "resources": {"cpus": 0, "gpu": 1}, "workspace": {"name": "x"},
    "environment_variables": {"A=B": "c"}, "grace_seconds": -1, "snapshot": "short", "wish": 1})");
  const std::set<std::string> got(paths.begin(), paths.end());
  EXPECT_EQ(got, (std::set<std::string>{"experiment", "script", "resources.cpus", "resources.gpu", "workspace.name", "environment_variables",
                                        "grace_seconds", "snapshot", "wish"}));
}

TEST(RunSpec, AmountsAreBounded) {
  RunSpec spec;
  spec.argv.assign(10'001, "x");
  EXPECT_FALSE(parse_run_spec(json::value(to_json(spec))));
  spec.argv = {std::string((1U << 20) + 1, 'x')};
  EXPECT_FALSE(parse_run_spec(json::value(to_json(spec))));
  spec.argv = {std::string("a\0b", 3)};
  EXPECT_FALSE(parse_run_spec(json::value(to_json(spec))));
}

TEST(RunRecord, SecretsAreMaskedAndNothingElse) {
  stoker::Run run;
  run.spec = full_spec();
  run.spec.inherited = {
      {"AWS_SECRET_ACCESS_KEY", "hush"}, {"GITHUB_TOKEN", "hush"}, {"DB_PASSWORD", "hush"}, {"KEYBOARD", "de"}, {"TOKENIZERS", "t"}};
  const auto text = json::serialize(to_json(run));
  EXPECT_EQ(text.find("hush"), std::string::npos) << text;
  EXPECT_NE(text.find("\"PLAIN\":\"seen\""), std::string::npos);
  EXPECT_NE(text.find("\"KEYBOARD\":\"de\""), std::string::npos);
  EXPECT_EQ(run.spec.environment_variables.at("MY_API_KEY"), "hush") << "the run itself keeps the value";
}

TEST(RunRecord, TheHandleIsNotShown) {
  stoker::Run run;
  run.handle = {{"supervisor", "local-3"}};
  EXPECT_EQ(json::serialize(to_json(run)).find("local-3"), std::string::npos);
}

TEST(RunState, EveryNameComesBack) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kRunStateCount; ++i) {
    const auto state = static_cast<RunState>(i);
    EXPECT_TRUE(names.insert(to_text(state)).second);
    EXPECT_EQ(run_state_from_text(to_text(state)), state);
  }
  EXPECT_FALSE(run_state_from_text("running"));
  EXPECT_TRUE(is_terminal(RunState::kCanceled));
  EXPECT_FALSE(is_terminal(RunState::kNotResponding));
}

TEST(EndReason, EveryNameComesBack) {
  for (const auto reason : {EndReason::kExited, EndReason::kSignaled, EndReason::kTimeLimit, EndReason::kCanceled, EndReason::kOutOfMemory,
                            EndReason::kLost, EndReason::kStartFailed}) {
    EXPECT_EQ(end_reason_from_text(to_text(reason)), reason);
  }
  EXPECT_FALSE(end_reason_from_text("bored"));
}

TEST(Names, FollowTheRulesOfTheSdk) {
  for (const auto* name : {"ws", "my-workspace_1", "0ws"}) EXPECT_TRUE(check_workspace_name(name)) << name;
  for (const auto& name : {std::string(), std::string("w"), std::string(33, 'a'), std::string("-ws"), std::string("w s"), std::string("w/s"),
                           std::string("\xC3\xBC"
                                       "berws")}) {
    EXPECT_FALSE(check_workspace_name(name)) << name;
  }
  EXPECT_TRUE(check_experiment_name("e"));
  EXPECT_TRUE(check_experiment_name(std::string(255, 'e')));
  EXPECT_FALSE(check_experiment_name(std::string(256, 'e')));
  EXPECT_FALSE(check_experiment_name("a.b"));
}

TEST(Names, TagsHaveBounds) {
  EXPECT_TRUE(check_tag(std::string(100, 'k'), std::string(1000, 'v')));
  EXPECT_FALSE(check_tag("", "v"));
  EXPECT_FALSE(check_tag(std::string(101, 'k'), ""));
  EXPECT_FALSE(check_tag("k", std::string(1001, 'v')));
}

TEST(Names, RunIdsStayWithin256AndEndInEpochAndHex) {
  SeededRandom random(1);
  const auto now = from_micros(1'700'000'000'999'999);
  const auto id = new_run_id("ridge", now, random);
  EXPECT_EQ(id.text().substr(0, 17), "ridge_1700000000_");
  EXPECT_EQ(id.text().size(), 25U);
  const auto longest = new_run_id(std::string(255, 'e'), now, random);
  EXPECT_EQ(longest.text().size(), 256U);
  EXPECT_EQ(longest.text().substr(256 - 20, 12), "_1700000000_");
}

TEST(Names, DisplayNamesHaveThreeParts) {
  SeededRandom random(1);
  const auto name = new_display_name(random);
  EXPECT_EQ(std::ranges::count(name, '_'), 2);
  EXPECT_EQ(name.size() - name.rfind('_') - 1, 8U);
}

}  // namespace
}  // namespace stoker
