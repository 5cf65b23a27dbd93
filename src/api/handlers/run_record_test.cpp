// GET /runs/{run}/diff, /environment and /samples, and what comes with a submission.
#include "api/test_server.hpp"
#include "catalog/provenance.hpp"

#include <fmt/format.h>

namespace stoker::api {
namespace {

class RunRecordTest : public ServerTest {
 protected:
  Answer submit_with(const json::value& diff, const Headers& headers = {}) {
    const json::object body{{"argv", json::array{"/bin/true"}}, {"environment_variables", {{"STOKER_MOCK", "hang"}}}, {"diff", diff}};
    return request("POST", "/api/v1/runs", json::serialize(body), headers);
  }
  Answer get(const std::string& run, const std::string& part) { return request("GET", "/api/v1/runs/" + run + part); }
};

TEST_F(RunRecordTest, TheDiffComesBackAsItWas) {
  start();
  const std::string diff = "diff --git a/x b/x\n+gr\xC3\xBC\xC3\x9F \"quoted\"\t\x01\n";
  const auto made = submit_with(json::value(diff));
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.body.find("quoted"), std::string::npos) << "lists stay small";
  const auto id = std::string(made.record().at("id").as_string());
  const auto answer = get(id, "/diff");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, diff);
  EXPECT_EQ(answer.headers.at("content-type"), "text/x-diff; charset=utf-8");
}

TEST_F(RunRecordTest, ARunWithoutADiffHasNone) {
  start();
  for (const auto& nothing : {json::value(nullptr), json::value("")}) {
    const auto made = submit_with(nothing);
    ASSERT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(get(std::string(made.record().at("id").as_string()), "/diff").code(), "not_found");
  }
  EXPECT_EQ(get("nothing_1_2", "/diff").code(), "not_found");
}

TEST_F(RunRecordTest, ADiffThatCannotBeIsRefusedWithAllOtherMistakes) {
  start();
  EXPECT_EQ(submit_with(5).status, 400);
  EXPECT_EQ(submit_with(json::string((4U << 20) + 1, 'x')).status, 400);
  EXPECT_EQ(submit_with(json::string(4U << 20, '\x01')).status, 201) << "six times as long in JSON";
  const auto both = request("POST", "/api/v1/runs", R"({"argv":["/bin/true"],"diff":[],"experimint":"x"})");
  EXPECT_EQ(both.record().at("error").at("mistakes").as_array().size(), 2U) << both.body;
}

TEST_F(RunRecordTest, TheSameKeyWithAnotherDiffIsAConflict) {
  start();
  const Headers key{{"Idempotency-Key", "k"}};
  const auto first = submit_with("a", key);
  EXPECT_EQ(submit_with("a", key).record().at("id"), first.record().at("id"));
  EXPECT_EQ(submit_with("b", key).status, 409);
}

TEST_F(RunRecordTest, TheEnvironmentIsNotFoundUntilItIsTold) {
  start();
  const auto id = submit("hang");
  EXPECT_EQ(get(id, "/environment").code(), "not_found");
  const json::object told{{"kind", "user-managed"}, {"packages", json::array{}}};
  auto write = [id, told](db::Transaction& transaction) { return catalog::put_environment(transaction, RunId(id), told); };
  ASSERT_TRUE(on_loop<Status>([&] { return catalog_->write(write); }));
  EXPECT_EQ(get(id, "/environment").record(), told);
}

TEST_F(RunRecordTest, EachRunOfABatchHasItsDiff) {
  start();
  const auto spec = [](const json::value& diff) {
    return json::object{{"argv", json::array{"/bin/true"}}, {"environment_variables", {{"STOKER_MOCK", "hang"}}}, {"diff", diff}};
  };
  const auto made =
      request("POST", "/api/v1/runs/batch", json::serialize(json::object{{"runs", json::array{spec("one"), spec(nullptr), spec("one")}}}));
  ASSERT_EQ(made.status, 201) << made.body;
  std::vector<std::string> diffs;
  const auto record = made.record();
  for (const auto& run : record.at("runs").as_array()) {
    const auto answer = get(std::string(run.at("id").as_string()), "/diff");
    diffs.push_back(answer.status == 200 ? answer.body : answer.code());
  }
  EXPECT_EQ(diffs, (std::vector<std::string>{"one", "not_found", "one"}));
  const auto wrong = request("POST", "/api/v1/runs/batch", json::serialize(json::object{{"runs", json::array{spec("one"), spec(5)}}}));
  EXPECT_EQ(wrong.record().at("error").at("mistakes").as_array().at(0).at("path"), "runs[1].diff") << wrong.body;
}

class InteractiveRecordTest : public RunRecordTest {
 protected:
  std::string begin(json::object fields) {
    fields["experiment"] = "notebook";
    const auto answer = request("POST", "/api/v1/runs/interactive", json::serialize(json::object{{"runs", json::array{fields}}}));
    EXPECT_EQ(answer.status, 201) << answer.body;
    return std::string(answer.record().at("runs").at(0).at("id").as_string());
  }
  Answer put(const std::string& run, const json::object& environment) {
    return request("PUT", "/api/v1/runs/" + run + "/environment", json::serialize(environment));
  }
  json::object environment_ = {{"kind", "user-managed"},
                               {"interpreter", "/usr/bin/python3"},
                               {"version", "3.11.2"},
                               {"packages", json::array{json::object{{"name", "numpy"}, {"version", "1.2"}}}},
                               {"host", "h"},
                               {"user", "ada"},
                               {"platform", "Linux"}};
};

TEST_F(InteractiveRecordTest, TheClientTellsTheEnvironmentOnce) {
  start();
  const auto id = begin({});
  EXPECT_EQ(put(id, environment_).record(), environment_);
  EXPECT_EQ(get(id, "/environment").record(), environment_);
  EXPECT_EQ(put(id, environment_).status, 200);
  auto other = environment_;
  other["host"] = "elsewhere";
  EXPECT_EQ(put(id, other).code(), "conflict");
  EXPECT_EQ(get(id, "/environment").record().at("host"), "h");
  EXPECT_EQ(put("nothing", environment_).code(), "not_found");
  EXPECT_EQ(put(submit("hang"), environment_).code(), "state.wrong");
}

TEST_F(InteractiveRecordTest, AWrongEnvironmentIsRefusedWithAllMistakes) {
  start();
  const auto id = begin({});
  const auto refused = put(id, {{"kind", "magic"},
                                {"interpreter", 5},
                                {"version", std::string(5000, 'x')},
                                {"packages", json::array{json::object{{"name", "numpy"}}, "scipy"}},
                                {"host", "h"},
                                {"user", "ada"},
                                {"colour", "red"}});
  EXPECT_EQ(refused.status, 400);
  std::vector<std::string> paths;
  const auto record = refused.record();
  for (const auto& mistake : record.at("error").at("mistakes").as_array()) paths.emplace_back(mistake.at("path").as_string());
  for (const auto* path : {"kind", "interpreter", "version", "packages[0].version", "packages[1]", "platform", "colour"})
    EXPECT_NE(std::ranges::find(paths, path), paths.end()) << path << " in " << refused.body;
  EXPECT_EQ(get(id, "/environment").code(), "not_found");
}

TEST_F(InteractiveRecordTest, AChildWithoutSourceHasItsParents) {
  start();
  const auto parent = begin({{"diff", "one"}, {"properties", {{"azureml.git.commit", "abc"}, {"mlflow.source.git.commit", "abc"}, {"mine", "1"}}}});
  EXPECT_EQ(get(parent, "/diff").body, "one");
  const auto child = begin({{"parent", parent}});
  EXPECT_EQ(get(child, "/diff").body, "one");
  EXPECT_EQ(get(child, "").record().at("properties"), (json::object{{"azureml.git.commit", "abc"}, {"mlflow.source.git.commit", "abc"}}));
  const auto own = begin({{"parent", parent}, {"diff", "two"}});
  EXPECT_EQ(get(own, "/diff").body, "two");
  EXPECT_TRUE(get(own, "").record().at("properties").as_object().empty());
}

TEST_F(RunRecordTest, SamplesComeInOrderAndInPieces) {
  start();
  const auto id = submit("hang");
  EXPECT_EQ(get(id, "/samples").body, R"({"samples":[]})");
  for (std::uint64_t seq = 1; seq <= 3; ++seq) {
    // The third has a value more, as when a GPU is heard of later.
    MetricPoint point{
        .name = "sample", .kind = MetricKind::kRow, .values = {0.5, static_cast<double>(seq)}, .columns = {"cpu_percent", "memory_bytes"}};
    point.time = from_micros(1'700'000'000'000'000 + static_cast<std::int64_t>(seq));
    if (seq == 3) point.columns.emplace_back("gpu_0_percent"), point.values.emplace_back(100.0);
    const metrics::NumberedPoint numbered{seq, point};
    ASSERT_TRUE(samples_->append(RunId(id), 1, std::span(&numbered, 1)));
  }
  const auto samples = get(id, "/samples").record().at("samples").as_array();
  ASSERT_EQ(samples.size(), 3U);
  EXPECT_EQ(json::serialize(samples[0]), R"({"time":"2023-11-14T22:13:20.000001Z","values":{"cpu_percent":5E-1,"memory_bytes":1}})");
  EXPECT_EQ(samples[2].at("values").at("gpu_0_percent").as_int64(), 100);
  EXPECT_EQ(get(id, "/samples?after=1&limit=1").record().at("samples").as_array(), json::array{samples[1]});
  EXPECT_EQ(get("nothing_1_2", "/samples").code(), "not_found");
}

}  // namespace
}  // namespace stoker::api
