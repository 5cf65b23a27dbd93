// Interactive runs, metrics from clients, and what becomes of runs, experiments, workspaces and secrets, over HTTP.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "api/test_server.hpp"

namespace stoker::api {
namespace {

class InteractiveTest : public ServerTest {
 protected:
  Answer begin(const std::string& fields, const Headers& headers = {}) {
    return request("POST", "/api/v1/runs/interactive", R"({"runs":[{"experiment":"notebook")" + fields + "}]}", headers);
  }
  json::object begun(const std::string& fields = "") {
    const auto answer = begin(fields);
    EXPECT_EQ(answer.status, 201) << answer.body;
    return answer.record().at("runs").as_array().at(0).as_object();
  }
  static std::string id_of(const json::object& run) { return std::string(run.at("id").as_string()); }
  Answer post(const std::string& run, const std::string& verb, const std::string& body = "{}") {
    return request("POST", "/api/v1/runs/" + run + "/" + verb, body);
  }
  Answer end(const std::string& run, const std::string& outcome) { return post(run, "end", R"({"outcome":")" + outcome + "\"}"); }
  static std::string point(const std::string& name, const std::string& value) {
    return fmt::format(R"({{"name":"{}","kind":"scalar","values":[{}],"columns":[],"step":null,"time":"2026-01-01T00:00:00Z"}})", name, value);
  }
  Answer log(const std::string& run, int sequence, const std::string& points) {
    return post(run, "metrics", fmt::format(R"({{"writer":"w","sequence":{},"points":[{}]}})", sequence, points));
  }
  /// What events of kind "change" say.
  std::vector<std::string> told(const std::string& run) {
    std::vector<std::string> messages;
    const auto record = request("GET", "/api/v1/runs/" + run + "/events").record();
    for (const auto& event : record.at("events").as_array())
      if (event.at("kind") == "change") messages.emplace_back(event.at("message").as_string());
    return messages;
  }
  std::size_t listed(const std::string& query) { return request("GET", "/api/v1/runs?" + query).record().at("runs").as_array().size(); }
  std::string workspace() { return std::string(begun().at("workspace_id").as_string()); }
};

TEST_F(InteractiveTest, BeginsEndsAndTells) {
  start();
  const auto run = begun(R"(,"display_name":"mine","tags":{"a":null},"properties":{"p":"1"},"submitted_by":"ada@host")");
  EXPECT_EQ(run.at("kind"), "interactive");
  EXPECT_EQ(run.at("state"), "Running");
  EXPECT_EQ(run.at("display_name"), "mine");
  const auto id = id_of(run);
  EXPECT_EQ(post(id, "heartbeat").record().at("state"), "Running");
  EXPECT_EQ(end(id, "completed").record().at("state"), "Completed");
  EXPECT_EQ(end(id, "completed").status, 200);
  EXPECT_EQ(end(id, "failed").code(), "state.wrong");
  EXPECT_EQ(post(id, "heartbeat").record().at("state"), "Completed");
  EXPECT_EQ(post(id, "start").code(), "state.wrong");
}

TEST_F(InteractiveTest, FailureTellsItsError) {
  start();
  const auto id = id_of(begun());
  const auto failed =
      post(id, "end", R"({"outcome":"failed","error":{"code":"UserError","message":"no data","type":"ValueError","trace":"line 1"}})");
  EXPECT_EQ(failed.record().at("error").at("message"), "no data");
  EXPECT_EQ(failed.record().at("end").at("reason"), "reported");
}

TEST_F(InteractiveTest, ChildrenBelongToALiveParent) {
  start();
  const auto parent = id_of(begun());
  const auto child = begun(R"(,"state":"NotStarted","parent":")" + parent + "\"");
  EXPECT_EQ(id_of(child), parent + "_1");
  EXPECT_EQ(child.at("state"), "NotStarted");
  EXPECT_EQ(post(id_of(child), "start").record().at("state"), "Running");
  EXPECT_EQ(end(parent, "completed").status, 200);
  EXPECT_EQ(begin(R"(,"parent":")" + parent + "\"").code(), "state.wrong");
  EXPECT_EQ(begin(R"(,"parent":"nobody")").status, 404);
}

TEST_F(InteractiveTest, WrongInputIsToldAsAWhole) {
  start();
  const auto wrong = begin(R"(,"id":"no/slash","state":"Done","argv":["x"],"experimnt":"y")");
  EXPECT_EQ(wrong.status, 400);
  for (const auto* path : {"runs[0].id", "runs[0].state", "runs[0].argv", "runs[0].experimnt"})
    EXPECT_NE(wrong.body.find(path), std::string::npos) << path;
  EXPECT_EQ(request("POST", "/api/v1/runs/interactive", R"({"runs":[]})").status, 400);
  EXPECT_EQ(begin(R"(,"id":"mine")").status, 201);
  EXPECT_EQ(begin(R"(,"id":"mine")").status, 409);
  EXPECT_EQ(end("mine", "done").status, 400);
  EXPECT_EQ(request("POST", "/api/v1/runs", R"({"kind":"interactive"})").status, 400);
}

TEST_F(InteractiveTest, TheSameKeyBeginsOnce) {
  start();
  const auto first = begin("", {{"Idempotency-Key", "k"}}), again = begin("", {{"Idempotency-Key", "k"}});
  EXPECT_EQ(first.record().at("runs").at(0).at("id"), again.record().at("runs").at(0).at("id"));
  EXPECT_EQ(begin(R"(,"display_name":"x")", {{"Idempotency-Key", "k"}}).status, 409);
}

TEST_F(InteractiveTest, MetricsAreStoredOnceAndComeBack) {
  start();
  const auto id = id_of(begun());
  EXPECT_EQ(log(id, 1, point("loss", "1") + "," + point("loss", "\"NaN\"")).record().at("sequence"), 1);
  EXPECT_EQ(log(id, 1, point("loss", "1") + "," + point("loss", "\"NaN\"")).status, 200);
  EXPECT_EQ(log(id, 2, point("loss", "0.25") + "," + point("note", "\"text\"")).status, 200);
  EXPECT_EQ(log(id, 4, point("loss", "3")).code(), "conflict");
  const auto answer = request("GET", "/api/v1/runs/" + id + "/metrics");
  const auto record = answer.record();
  const auto& series = record.at("metrics").as_array();
  ASSERT_EQ(series.size(), 2U);
  EXPECT_EQ(series[0].at("count"), 3);
  EXPECT_NE(answer.body.find("\"values\":[1]"), std::string::npos) << answer.body;
  EXPECT_EQ(series[0].at("points").at(1).at("values").at(0), "NaN");
  EXPECT_EQ(series[1].at("points").at(0).at("values").at(0), "text");
  EXPECT_EQ(end(id, "completed").status, 200);
  EXPECT_EQ(log(id, 2, point("loss", "0.25")).status, 200);
  EXPECT_EQ(log(id, 3, point("loss", "9")).code(), "state.wrong");
}

TEST_F(InteractiveTest, MetricsComeInColumnsToo) {
  start();
  const auto id = id_of(begun());
  const auto* row = R"({"name":"t","kind":"row","values":[1,"x"],"columns":["a","b"],"step":7,"time":"2026-01-01T00:00:00.000001Z"})";
  ASSERT_EQ(log(id, 1, point("loss", "1") + "," + point("loss", "-0.5") + "," + row).status, 200);
  const auto answer = request("GET", "/api/v1/runs/" + id + "/metrics?layout=columns");
  EXPECT_EQ(answer.body, R"({"metrics":[{"name":"loss","kind":"scalar","columns":[],"steps":[null,null],)"
                         R"("times":["2026-01-01T00:00:00.000000Z","2026-01-01T00:00:00.000000Z"],"values":[1,-0.5],"count":2,"truncated":false},)"
                         R"({"name":"t","kind":"row","columns":["a","b"],"steps":[7],"times":["2026-01-01T00:00:00.000001Z"],"values":[[1,"x"]],)"
                         R"("count":1,"truncated":false}]})");
  EXPECT_EQ(request("GET", "/api/v1/runs/" + id + "/metrics?layout=colums").status, 400);
}

TEST_F(InteractiveTest, AScalarIsDrawnInBuckets) {
  start();
  const auto id = id_of(begun());
  ASSERT_EQ(log(id, 1, point("loss", "1") + "," + point("loss", "-0.5") + "," + point("loss", "\"NaN\"")).status, 200);
  const auto drawn = request("GET", "/api/v1/runs/" + id + "/metrics?layout=drawing&name=loss&buckets=1");
  const auto time = R"("times":["2026-01-01T00:00:00.000000Z"])";
  EXPECT_EQ(drawn.body,
            fmt::format(R"({{"metrics":[{{"name":"loss","count":3,"counts":[3],"nan_counts":[1],"first":{{"steps":[0],{0},"values":[1.0]}},)"
                        R"("last":{{"steps":[2],{0},"values":["NaN"]}},"min":{{"steps":[1],{0},"values":[-0.5]}},)"
                        R"("max":{{"steps":[0],{0},"values":[1.0]}}}}]}})",
                        time));
  EXPECT_EQ(request("GET", "/api/v1/runs/" + id + "/metrics?layout=drawing").status, 400);
}

TEST_F(InteractiveTest, WrongMetricsAreRefusedWhole) {
  start();
  const auto id = id_of(begun());
  EXPECT_EQ(log(id, 1, point("", "1")).status, 400);
  EXPECT_EQ(log(id, 0, point("a", "1")).status, 400);
  EXPECT_EQ(log(id, 1, point("a", "1") + "," + point("a", "{}")).status, 400);
  EXPECT_EQ(log(id, 1, R"({"name":"t","kind":"row","values":[1,2],"columns":["a"],"step":null,"time":"2026-01-01T00:00:00Z"})").status, 400);
  EXPECT_EQ(request("GET", "/api/v1/runs/" + id + "/metrics").record().at("metrics").as_array().size(), 0U);
}

TEST_F(InteractiveTest, MetricsOfTheRunsBelowComeToo) {
  start();
  const auto parent = id_of(begun());
  const auto child = id_of(begun(R"(,"parent":")" + parent + "\""));
  ASSERT_EQ(log(child, 1, point("loss", "1")).status, 200);
  const auto record = request("GET", "/api/v1/runs/" + parent + "/metrics?recursive=true").record();
  EXPECT_EQ(record.at("metrics").as_array().size(), 0U);
  EXPECT_EQ(record.at("runs").at(child).at("metrics").at(0).at("name"), "loss");
}

TEST_F(InteractiveTest, ARunsTokenLogsAndMakesChildrenBelowItself) {
  start();
  const auto run = submit("hang");
  wait_for(run, "Running");
  const auto token = tokens_.run_token(RunId(run), 1);
  const auto body = [](const std::string& parent) { return R"({"runs":[{"experiment":"e","parent":")" + parent + "\"}]}"; };
  const auto child = request_as(token, "POST", "/api/v1/runs/interactive", body(run));
  ASSERT_EQ(child.status, 201) << child.body;
  const auto id = std::string(child.record().at("runs").at(0).at("id").as_string());
  EXPECT_EQ(request_as(token, "POST", "/api/v1/runs/" + id + "/end", R"({"outcome":"completed"})").status, 200);
  EXPECT_EQ(request_as(token, "POST", "/api/v1/runs/interactive", R"({"runs":[{"experiment":"e"}]})").status, 403);
  EXPECT_EQ(request_as(token, "POST", "/api/v1/runs/interactive", body(id_of(begun()))).status, 403);
  EXPECT_EQ(log(run, 1, point("outside", "1")).status, 200);
}

TEST_F(InteractiveTest, RunsAreArchivedRestoredAndDeleted) {
  start();
  const auto parent = id_of(begun()), child = id_of(begun(R"(,"parent":")" + parent + "\""));
  EXPECT_NE(post(parent, "archive", R"({"by":"ada"})").record().at("archived_at"), nullptr);
  EXPECT_EQ(listed("view=active"), 1U);
  EXPECT_EQ(listed("view=archived"), 1U);
  EXPECT_EQ(listed("view=all"), 2U);
  EXPECT_EQ(post(parent, "restore").record().at("archived_at"), nullptr);
  EXPECT_NE(request("GET", "/api/v1/runs/" + parent + "/events").body.find("archived by ada"), std::string::npos);
  EXPECT_EQ(listed("include_children=false&kind=interactive"), 1U);
  const auto path = "/api/v1/runs/" + parent;
  EXPECT_EQ(request("DELETE", path + "?children=true").code(), "state.wrong");
  ASSERT_EQ(log(child, 1, point("loss", "1")).status, 200);
  ASSERT_EQ(end(parent, "completed").status, 200);
  ASSERT_EQ(end(child, "completed").status, 200);
  EXPECT_EQ(request("DELETE", path).code(), "conflict");
  EXPECT_EQ(request("DELETE", path + "?children=true").status, 204);
  EXPECT_EQ(request("GET", path).status, 404);
  EXPECT_EQ(request("GET", "/api/v1/runs/" + child + "/metrics").status, 404);
  EXPECT_EQ(*metrics_->count(RunId(child)), 0U);
  EXPECT_EQ(listed("view=all"), 0U);
}

TEST_F(InteractiveTest, RunsAreFoundByTagAndProperty) {
  start();
  begun(R"(,"tags":{"stage":"dev","flag":null},"properties":{"git":"abc"})");
  begun(R"(,"tags":{"stage":"prod"})");
  EXPECT_EQ(listed("tag=stage"), 2U);
  EXPECT_EQ(listed("tag=stage%3Ddev&tag=flag"), 1U);
  EXPECT_EQ(listed("property=git%3Dabc"), 1U);
  EXPECT_EQ(listed("property=git%3Dabc&tag=stage%3Dprod"), 0U);
  EXPECT_EQ(request("GET", "/api/v1/runs?kind=notebook").status, 400);
}

TEST_F(InteractiveTest, RunsAreDescribedByName) {
  start();
  const auto id = id_of(begun());
  const auto changed = request("PATCH", "/api/v1/runs/" + id, R"({"description":"best so far","display_name":"new","by":"ada"})");
  EXPECT_EQ(changed.record().at("description"), "best so far");
  EXPECT_EQ(told(id), std::vector<std::string>{"renamed to \"new\"; described by ada"});
}

TEST_F(InteractiveTest, WhoWroteWhatIsToldOncePerCall) {
  start();
  const auto id = id_of(begun(R"(,"tags":{"old":"1"})"));
  const auto path = "/api/v1/runs/" + id;
  const std::string body = R"({"tags":{"b":"2","a":null},"remove_tags":["old","never"],"properties":{"p":"1"},"by":"ada"})";
  ASSERT_EQ(request("PATCH", path, body).status, 200);
  ASSERT_EQ(request("PATCH", path, body).status, 200);
  ASSERT_EQ(request("PATCH", path, R"({"tags":{"a":"1"}})").status, 200);
  ASSERT_EQ(request("PATCH", path, R"({"tags":{"c":"1"},"properties":{"p":"2"}})").status, 409);
  EXPECT_EQ(told(id), (std::vector<std::string>{"tags a, b set; tag old removed; property p added by ada", "tag a set"}))
      << "nothing for what was so, nothing for what was refused";
  const auto events = request("GET", path + "/events").record();
  const auto& data = events.at("events").at(1).at("data");
  EXPECT_EQ(data.at("by"), "ada");
  EXPECT_EQ(data.at("tags"), (json::array{"a", "b"}));
  EXPECT_EQ(data.at("removed_tags"), json::array{"old"});
  json::object many;
  for (int i = 0; i < 25; ++i) many[fmt::format("k{:02}", i)] = "x";
  ASSERT_EQ(request("PATCH", path, json::serialize(json::object{{"tags", many}})).status, 200);
  EXPECT_TRUE(told(id).back().ends_with("k18, k19 and 5 more set")) << told(id).back();
}

TEST_F(InteractiveTest, ArchivingIsToldOnce) {
  start();
  const auto id = id_of(begun());
  for (const auto* verb : {"archive", "archive", "restore"}) ASSERT_EQ(post(id, verb, R"({"by":"ada"})").status, 200);
  EXPECT_EQ(told(id), (std::vector<std::string>{"archived by ada", "restored by ada"}));
}

TEST_F(InteractiveTest, ExperimentsAreChangedAndDeleted) {
  start();
  const auto path = "/api/v1/workspaces/" + workspace() + "/experiments";
  ASSERT_EQ(request("POST", path, R"({"name":"ridge"})").status, 201);
  const auto changed = request("PATCH", path + "/ridge", R"({"tags":{"a":"b","c":null},"description":"d","archived":true})");
  EXPECT_EQ(changed.record().at("tags").at("a"), "b") << changed.body;
  EXPECT_NE(changed.record().at("archived_at"), nullptr);
  const auto back = request("PATCH", path + "/ridge", R"({"remove_tags":["a"],"archived":false})").record();
  EXPECT_EQ(back.at("archived_at"), nullptr);
  EXPECT_EQ(back.at("tags").as_object().size(), 1U);
  EXPECT_EQ(request("DELETE", path + "/ridge").status, 204);
  EXPECT_EQ(request("GET", path + "/ridge").status, 404);
  EXPECT_EQ(request("DELETE", path + "/notebook").code(), "conflict");
}

TEST_F(InteractiveTest, WorkspacesAreChangedAndDeleted) {
  start();
  const auto run = begun();
  const auto path = "/api/v1/workspaces/" + std::string(run.at("workspace_id").as_string());
  const auto changed = request("PATCH", path, R"({"friendly_name":"F","description":"d","tags":{"a":"b"}})").record();
  EXPECT_EQ(changed.at("friendly_name"), "F");
  EXPECT_EQ(changed.at("tags").at("a"), "b");
  EXPECT_EQ(request("DELETE", path).code(), "conflict");
  EXPECT_EQ(request("DELETE", path + "?force=true").code(), "conflict");
  ASSERT_EQ(end(id_of(run), "completed").status, 200);
  EXPECT_EQ(request("DELETE", path + "?force=true").status, 204);
  EXPECT_EQ(request("GET", path).status, 404);
  EXPECT_EQ(request("GET", "/api/v1/runs/" + id_of(run)).status, 404);
}

TEST_F(InteractiveTest, SecretsAreKeptAndMasked) {
  start();
  const auto run = submit("hang");
  const auto record = wait_for(run, "Running");
  const auto path = "/api/v1/workspaces/" + std::string(record.at("workspace_id").as_string()) + "/secrets";
  EXPECT_EQ(request("PUT", path + "/api-key", R"({"value":"hush-hush"})").status, 204);
  EXPECT_EQ(request("GET", path + "/api-key").record().at("value"), "hush-hush");
  EXPECT_EQ(request("GET", path).body.find("hush"), std::string::npos);
  const auto token = tokens_.run_token(RunId(run), 1);
  EXPECT_EQ(request_as(token, "GET", path + "/api-key").record().at("value"), "hush-hush");
  EXPECT_EQ(request_as(token, "GET", "/api/v1/workspaces/other/secrets/api-key").status, 403);
  EXPECT_EQ(request_as(token, "PUT", path + "/api-key", R"({"value":"x"})").status, 403);
  EXPECT_EQ(request("PUT", path + "/a%20b", R"({"value":"x"})").status, 400);
  EXPECT_EQ(request("GET", path + "/api-kye").status, 404);
  EXPECT_EQ(request("DELETE", path + "/api-key").status, 204);
  EXPECT_EQ(request("GET", path).record().at("secrets").as_array().size(), 0U);
}

}  // namespace
}  // namespace stoker::api
