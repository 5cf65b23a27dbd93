#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "api/router.hpp"
#include "api/schemas.hpp"
#include "api/test_server.hpp"
#include "snapshots/store/object_store.hpp"

namespace stoker::api {
namespace {

/// What an answer lacks, or has beyond its schema; empty when it fits.
std::string misfit(const json::value& value, std::string_view type, const std::string& path);

std::string misfit_record(const json::value& value, const NamedSchema& schema, const std::string& path) {
  const auto* object = value.if_object();
  if (object == nullptr) return path + " is no object";
  for (const auto& field : schema.fields) {
    const auto* member = object->if_contains(field.name);
    if (member == nullptr) return fmt::format("{}.{} is missing", path, field.name);
    if (auto wrong = misfit(*member, field.type, fmt::format("{}.{}", path, field.name)); !wrong.empty()) return wrong;
  }
  for (const auto& [name, member] : *object) {
    if (std::ranges::find(schema.fields, std::string_view(name), &SchemaField::name) == schema.fields.end())
      return fmt::format("{}.{} is not in the schema", path, std::string_view(name));
  }
  return {};
}

std::string misfit(const json::value& value, std::string_view type, const std::string& path) {
  if (type.ends_with('?')) return value.is_null() ? "" : misfit(value, type.substr(0, type.size() - 1), path);
  if (type.starts_with('[')) {
    if (!value.is_array()) return path + " is no array";
    for (const auto& item : value.get_array())
      if (auto wrong = misfit(item, type.substr(1, type.size() - 2), path + "[]"); !wrong.empty()) return wrong;
    return {};
  }
  if (type == "any") return {};
  if (type == "text") return value.is_string() ? "" : path + " is no text";
  if (type == "time") return value.is_string() && parse_time(value.get_string()).has_value() ? "" : path + " is no time";
  if (type == "integer") return value.is_int64() || value.is_uint64() ? "" : path + " is no integer";
  if (type == "boolean") return value.is_bool() ? "" : path + " is no boolean";
  if (type == "text_map" || type == "tag_map") return value.is_object() ? "" : path + " is no object";
  const auto schema = std::ranges::find(schemas(), type, &NamedSchema::name);
  return schema == schemas().end() ? path + " has an unknown type" : misfit_record(value, *schema, path);
}

class HandlersTest : public ServerTest {
 protected:
  json::object expect(int status, std::string_view schema, const Answer& answer) {
    EXPECT_EQ(answer.status, status) << answer.body.substr(0, 500);
    const auto record = answer.record();
    EXPECT_EQ(misfit(record, schema, std::string(schema)), "");
    return record;
  }
  std::string run_path(const std::string& rest = "") const { return "/api/v1/runs/" + run_ + rest; }
  std::string finished_run() {
    run_ = submit();
    wait_for(run_, "Completed");
    return run_;
  }
  std::string live_run() {
    run_ = submit("hang");
    wait_for(run_, "Running");
    return run_;
  }
  std::string run_;
};

TEST_F(HandlersTest, ServerTellsWhoAndHowFullItIs) {
  start();
  const auto record = expect(200, "Server", request("GET", "/api/v1/server"));
  EXPECT_EQ(record.at("instance").as_string(), "test-instance");
  const auto checks = expect(200, "Checks", request("GET", "/api/v1/server/check"));
  for (const auto& check : checks.at("checks").as_array())
    EXPECT_TRUE(check.at("ok").as_bool() || check.at("name") == "disk") << json::serialize(check);
}

TEST_F(HandlersTest, WorkspacesAreMadeFoundAndListed) {
  start();
  const std::string body = R"({"subscription_id":"s1","resource_group":"g1","name":"team"})";
  const auto made = expect(201, "Workspace", request("POST", "/api/v1/workspaces", body));
  EXPECT_EQ(request("POST", "/api/v1/workspaces", body).code(), "conflict");
  const auto again = expect(201, "Workspace",
                            request("POST", "/api/v1/workspaces", R"({"subscription_id":"s1","resource_group":"g1","name":"team","exist_ok":true})"));
  EXPECT_EQ(again.at("id"), made.at("id"));
  expect(200, "Workspace", request("GET", "/api/v1/workspaces/" + std::string(made.at("id").as_string())));
  const auto found = expect(200, "Workspaces", request("GET", "/api/v1/workspaces?subscription_id=s1&resource_group=g1&name=team"));
  EXPECT_EQ(found.at("workspaces").as_array().size(), 1U);
  EXPECT_EQ(expect(200, "Workspaces", request("GET", "/api/v1/workspaces?name=other")).at("workspaces").as_array().size(), 0U);
  EXPECT_EQ(request("GET", "/api/v1/workspaces/nothing").status, 404);
  EXPECT_EQ(request("POST", "/api/v1/workspaces", R"({"subscription_id":"s","resource_group":"g","name":"x"})").status, 400);
}

TEST_F(HandlersTest, ExperimentsAreMadeOnce) {
  start();
  const auto workspace = std::string(
      request("POST", "/api/v1/workspaces", R"({"subscription_id":"s","resource_group":"g","name":"team"})").record().at("id").as_string());
  const auto path = "/api/v1/workspaces/" + workspace + "/experiments";
  const auto made = expect(201, "Experiment", request("POST", path, R"({"name":"ridge"})"));
  EXPECT_EQ(expect(201, "Experiment", request("POST", path, R"({"name":"ridge"})")).at("id"), made.at("id"));
  EXPECT_EQ(expect(200, "Experiments", request("GET", path)).at("experiments").as_array().size(), 1U);
  expect(200, "Experiment", request("GET", path + "/ridge"));
  const auto missing = request("GET", path + "/rigde");
  EXPECT_EQ(missing.status, 404);
  EXPECT_NE(missing.body.find("ridge"), std::string::npos);
  EXPECT_EQ(request("GET", "/api/v1/workspaces/nothing/experiments").status, 404);
}

TEST_F(HandlersTest, ASubmittedRunCompletesAndIsTold) {
  start();
  finished_run();
  const auto run = expect(200, "Run", request("GET", run_path()));
  EXPECT_EQ(run.at("state").as_string(), "Completed");
  expect(200, "Explanation", request("GET", run_path("/explain")));
  const auto events = expect(200, "Events", request("GET", run_path("/events")));
  EXPECT_GE(events.at("events").as_array().size(), 3U);
  const auto metrics = expect(200, "Metrics", request("GET", run_path("/metrics")));
  EXPECT_EQ(metrics.at("metrics").as_array().size(), 1U);
  EXPECT_EQ(expect(200, "Metrics", request("GET", run_path("/metrics?name=nothing"))).at("metrics").as_array().size(), 0U);
  const auto files = expect(200, "Files", request("GET", run_path("/files")));
  EXPECT_EQ(files.at("files").as_array().at(0).at("path").as_string(), "azureml-logs/70_driver_log.txt");
}

TEST_F(HandlersTest, AllMistakesOfASpecificationAreTold) {
  start();
  const auto answer = request("POST", "/api/v1/runs", R"({"argv":["x"],"command":"y","resources":{"cpus":0},"experment":"a"})");
  EXPECT_EQ(answer.status, 400);
  std::set<std::string> paths;
  const auto record = answer.record();
  for (const auto& mistake : record.at("error").at("mistakes").as_array()) paths.emplace(mistake.at("path").as_string());
  EXPECT_TRUE(paths.contains("script")) << answer.body;
  EXPECT_TRUE(paths.contains("resources.cpus")) << answer.body;
  EXPECT_TRUE(paths.contains("experment")) << answer.body;
}

TEST_F(HandlersTest, TheSameKeyMakesOneRun) {
  start();
  const Headers key{{"Idempotency-Key", "abc"}};
  const std::string spec = R"({"argv":["/bin/true"]})";
  const auto first = request("POST", "/api/v1/runs", spec, key).record();
  const auto second = request("POST", "/api/v1/runs", spec, key).record();
  EXPECT_EQ(first.at("id"), second.at("id"));
  EXPECT_EQ(request("POST", "/api/v1/runs", spec, {{"Idempotency-Key", std::string(129, 'x')}}).status, 400);
}

TEST_F(HandlersTest, ABatchIsAllOrNothing) {
  start();
  const auto made = expect(201, "RunList", request("POST", "/api/v1/runs/batch", R"({"runs":[{"argv":["/bin/true"]},{"argv":["/bin/true"]}]})"));
  EXPECT_EQ(made.at("runs").as_array().size(), 2U);
  const auto refused = request("POST", "/api/v1/runs/batch", R"({"runs":[{"argv":["/bin/true"]},{},{"command":""}]})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("runs[1]"), std::string::npos);
  EXPECT_NE(refused.body.find("runs[2]"), std::string::npos);
  EXPECT_EQ(request("GET", "/api/v1/runs").record().at("runs").as_array().size(), 2U);
  EXPECT_EQ(request("POST", "/api/v1/runs/batch", R"({"runs":[]})").status, 400);
}

TEST_F(HandlersTest, ListsAreFilteredAndPaged) {
  start();
  const auto parent = live_run();
  for (int i = 0; i < 3; ++i) submit("success", parent);
  auto page = expect(200, "RunPage", request("GET", "/api/v1/runs?limit=2"));
  EXPECT_EQ(page.at("runs").as_array().size(), 2U);
  const auto cursor = std::string(page.at("next_cursor").as_string());
  page = expect(200, "RunPage", request("GET", "/api/v1/runs?limit=3&cursor=" + cursor));
  EXPECT_EQ(page.at("runs").as_array().size(), 2U);
  EXPECT_TRUE(page.at("next_cursor").is_null());
  EXPECT_EQ(expect(200, "RunPage", request("GET", "/api/v1/runs?parent=" + parent)).at("runs").as_array().size(), 3U);
  EXPECT_EQ(expect(200, "RunPage", request("GET", run_path("/children"))).at("runs").as_array().size(), 3U);
  EXPECT_EQ(expect(200, "RunPage", request("GET", "/api/v1/runs?prefix=" + parent)).at("runs").as_array().size(), 1U);
  EXPECT_GE(expect(200, "RunPage", request("GET", "/api/v1/runs?state=Running,Queued")).at("runs").as_array().size(), 1U);
  EXPECT_EQ(request("GET", "/api/v1/runs?state=Runing").status, 400);
  EXPECT_EQ(request("GET", "/api/v1/runs?limit=0").status, 400);
  EXPECT_EQ(request("GET", "/api/v1/runs?limit=1&limit=2").status, 400);
  const auto unknown = request("GET", "/api/v1/runs?limt=1");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_NE(unknown.body.find("limit"), std::string::npos);
  EXPECT_EQ(request("GET", "/api/v1/runs?cursor=garbage").status, 400);
}

TEST_F(HandlersTest, NamesTagsAndPropertiesChangeTogetherOrNotAtAll) {
  start();
  live_run();
  auto run = expect(200, "Run", request("PATCH", run_path(), R"({"display_name":"mine","tags":{"a":"1","b":null},"properties":{"p":"1"}})"));
  EXPECT_EQ(run.at("display_name").as_string(), "mine");
  EXPECT_TRUE(run.at("tags").at("b").is_null());
  run = expect(200, "Run", request("PATCH", run_path(), R"({"remove_tags":["a"],"properties":{"p":"1"}})"));
  EXPECT_FALSE(run.at("tags").as_object().contains("a"));
  EXPECT_EQ(request("PATCH", run_path(), R"({"display_name":"other","properties":{"p":"2"}})").status, 409);
  EXPECT_EQ(request("GET", run_path()).record().at("display_name").as_string(), "mine");
  EXPECT_EQ(request("PATCH", run_path(), R"({"display_name":""})").status, 400);
  EXPECT_EQ(request("PATCH", run_path(), R"({"dispaly_name":"x"})").status, 400);
}

TEST_F(HandlersTest, CancelEndsARun) {
  start();
  live_run();
  const auto run = expect(200, "Run", request("POST", run_path("/cancel"), R"({"by":"ada"})"));
  EXPECT_TRUE(run.at("cancel_requested").as_bool());
  EXPECT_EQ(wait_for(run_, "Canceled").at("cancel_by").as_string(), "ada");
  EXPECT_EQ(request("POST", run_path("/cancel")).status, 200);
}

TEST_F(HandlersTest, UnknownRunsAreNotFound) {
  start();
  const auto known = submit();
  const auto wrong = known.substr(0, known.size() - 1) + "z";
  const auto answer = request("GET", "/api/v1/runs/" + wrong);
  EXPECT_EQ(answer.status, 404);
  EXPECT_NE(answer.body.find(known), std::string::npos) << answer.body;
  for (const char* rest :
       {"/explain", "/events", "/children", "/metrics", "/log", "/follow", "/files", "/files/x", "/files/azureml-logs/70_driver_log.txt"}) {
    EXPECT_EQ(request("GET", "/api/v1/runs/nothing" + std::string(rest)).status, 404) << rest;
  }
  EXPECT_EQ(request("POST", "/api/v1/runs/nothing/cancel").status, 404);
  EXPECT_EQ(request("PATCH", "/api/v1/runs/nothing", "{}").status, 404);
  EXPECT_EQ(request("PUT", "/api/v1/runs/nothing/files/x", "x").status, 404);
}

TEST_F(HandlersTest, FilesGoInAndComeOut) {
  start();
  live_run();
  std::string content;
  for (int i = 0; i < 3'000'000; ++i) content.push_back(static_cast<char>(i * 7 + i / 251));
  const auto stored = expect(200, "StoredFile", request("PUT", run_path("/files/outputs/a%20b/%C3%BC.bin"), content));
  EXPECT_EQ(stored.at("path").as_string(), "outputs/a b/ü.bin");
  EXPECT_EQ(stored.at("sha256").as_string(), sha256(content).hex());
  const auto whole = request("GET", run_path("/files/outputs/a%20b/%C3%BC.bin"));
  EXPECT_EQ(whole.status, 200);
  EXPECT_TRUE(whole.body == content);
  EXPECT_EQ(whole.headers.at("x-content-type-options"), "nosniff");
  EXPECT_NE(whole.headers.at("content-security-policy").find("sandbox"), std::string::npos);
  const auto part = request("GET", run_path("/files/outputs/a%20b/%C3%BC.bin"), "", {{"Range", "bytes=1000000-1000009"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, content.substr(1'000'000, 10));
  EXPECT_EQ(part.headers.at("content-range"), "bytes 1000000-1000009/3000000");
  EXPECT_EQ(request("GET", run_path("/files/outputs/a%20b/%C3%BC.bin"), "", {{"Range", "bytes=3000000-"}}).status, 416);
  EXPECT_EQ(request("GET", run_path("/files/outputs/a%20b/%C3%BC.bin"), "", {{"If-None-Match", whole.headers.at("etag")}}).status, 304);
  EXPECT_EQ(request("GET", run_path("/files/outputs/a%20b/%C3%BC.bin"), "", {{"Range", "bytes=0-1"}, {"If-Range", "\"other\""}}).status, 200);
}

TEST_F(HandlersTest, ALinkOpensItsFileWithoutAToken) {
  start();
  live_run();
  for (const auto* name : {"a%20b.txt", "c.txt"}) expect(200, "StoredFile", request("PUT", run_path("/files/outputs/") + name, name));
  EXPECT_TRUE(expect(200, "Files", request("GET", run_path("/files"))).at("files").at(0).at("link").is_null());
  const auto files = expect(200, "Files", request("GET", run_path("/files?links=true")));
  const auto link = std::string(files.at("files").at(1).at("link").as_string());  // the run's output comes first
  const auto target = link.substr(link.find("/api/"));
  EXPECT_EQ(request_as("", "GET", target).body, "a%20b.txt");
  // It is for that file alone, to be read, as it is, until its time.
  const auto query = target.substr(target.find('?'));
  EXPECT_EQ(request_as("", "GET", run_path("/files/outputs/c.txt") + query).status, 403);
  EXPECT_EQ(request_as("", "GET", run_path("/metrics")).status, 401);
  EXPECT_EQ(request_as("", "PUT", target, "x").status, 401);
  EXPECT_EQ(request_as("", "GET", target.substr(0, target.size() - 1) + (target.back() == '0' ? "1" : "0")).status, 403);
  auto later = target;
  later.replace(later.find("until=") + 6, 1, "9");
  EXPECT_EQ(request_as("", "GET", later).status, 403);
  const auto over = tokens_.link(RunId(run_), "outputs/c.txt", clock_.now() - std::chrono::hours(1));
  EXPECT_EQ(request_as("", "GET", run_path("/files/outputs/c.txt?") + over).status, 403);
}

TEST_F(HandlersTest, EmptyAndChunkedFilesAreStored) {
  start();
  live_run();
  expect(200, "StoredFile", request("PUT", run_path("/files/empty")));
  const auto empty = request("GET", run_path("/files/empty"));
  EXPECT_EQ(empty.status, 200);
  EXPECT_EQ(empty.headers.at("content-length"), "0");
  RawClient client(port());
  client.send(fmt::format(
      "PUT {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
      run_path("/files/chunks"), kOwnerToken));
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_EQ(request("GET", run_path("/files/chunks")).body, "hello world");
}

TEST_F(HandlersTest, ExplicitUploadsWin) {
  start();
  live_run();
  const Headers automatic{{"X-Stoker-Origin", "outputs"}};
  const auto file = run_path("/files/outputs/m.txt");
  expect(200, "StoredFile", request("PUT", file, "one", automatic));
  expect(200, "StoredFile", request("PUT", file, "two", automatic));
  EXPECT_EQ(request("GET", file).body, "two");
  expect(200, "StoredFile", request("PUT", file, "mine"));
  EXPECT_EQ(expect(200, "StoredFile", request("PUT", file, "three", automatic)).at("kept").as_string(), "upload");
  EXPECT_EQ(request("GET", file).body, "mine");
  EXPECT_TRUE(expect(200, "StoredFile", request("PUT", file, "mine")).at("kept").is_null());
  EXPECT_EQ(request("PUT", file, "yours").status, 409);
  EXPECT_EQ(request("PUT", file, "x", {{"X-Stoker-Origin", "elsewhere"}}).status, 400);
  EXPECT_EQ(request("PUT", run_path("/files/azureml-logs/70_driver_log.txt"), "x").status, 409);
  EXPECT_EQ(request("PUT", run_path("/files/c"), "x", {{"X-Stoker-Sha256", std::string(64, '0')}}).status, 400);
  EXPECT_EQ(request("PUT", run_path("/files/c"), "x", {{"X-Stoker-Sha256", sha256("x").hex()}}).status, 200);
}

TEST_F(HandlersTest, ACutUploadLeavesNoFile) {
  start();
  live_run();
  {
    RawClient client(port());
    client.send(fmt::format("PUT {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 1000000\r\n\r\n", run_path("/files/half"),
                            kOwnerToken));
    client.send(std::string(500'000, 'x'));
  }
  EXPECT_EQ(request("GET", run_path("/files/half")).status, 404);
}

TEST_F(HandlersTest, TheLogIsReadFromAnOffset) {
  start();
  live_run();
  say(run_, "more\n", logs_->size(RunId(run_)).value());
  const auto whole = request("GET", run_path("/log"));
  EXPECT_EQ(whole.status, 200);
  EXPECT_EQ(whole.headers.at("x-stoker-complete"), "false");
  EXPECT_EQ(whole.headers.at("x-stoker-size"), std::to_string(whole.body.size()));
  EXPECT_TRUE(whole.body.ends_with("more\n")) << whole.body;
  EXPECT_EQ(request("GET", run_path("/log?offset=2&limit=3")).body, whole.body.substr(2, 3));
  EXPECT_EQ(request("GET", run_path("/log?stream=stderr")).body, "");
  EXPECT_EQ(request("GET", run_path("/log?stream=both")).status, 400);
  EXPECT_EQ(request("GET", run_path("/log?offset=-1")).status, 400);
  EXPECT_EQ(request("GET", run_path("/files/azureml-logs/70_driver_log.txt"), "", {{"Range", "bytes=-5"}}).body, "more\n");
  finished_run();
  EXPECT_EQ(request("GET", run_path("/log")).headers.at("x-stoker-complete"), "true");
}

TEST_F(HandlersTest, NumbersThatJsonCannotSayAreTexts) {
  start();
  live_run();
  log_metric(run_, 1000, "x", std::numeric_limits<double>::quiet_NaN());
  log_metric(run_, 1001, "x", -std::numeric_limits<double>::infinity());
  const auto metrics = expect(200, "Metrics", request("GET", run_path("/metrics?name=x"))).at("metrics").as_array();
  ASSERT_EQ(metrics.size(), 1U);
  EXPECT_EQ(metrics[0].at("points").at(0).at("values").at(0), json::value("NaN"));
  EXPECT_EQ(metrics[0].at("points").at(1).at("values").at(0), json::value("-Infinity"));
  EXPECT_TRUE(expect(200, "Metrics", request("GET", run_path("/metrics?name=x&max_points=1"))).at("metrics").at(0).at("truncated").as_bool());
}

TEST_F(HandlersTest, PathsThatLeaveAreRefusedOnEveryRouteWithAName) {
  start();
  live_run();
  const char* vectors[] = {"..",
                           "%2e%2e",
                           "%2E%2E",
                           ".%2e",
                           "../../etc/passwd",
                           "..%2f..%2fetc%2fpasswd",
                           "%2e%2e%2f",
                           "a/../../b",
                           "a%00b",
                           "a%00/../b",
                           "..%5c..%5c",
                           "..\\..\\x",
                           "a\\b",
                           "%c0%ae%c0%ae",
                           "%c0%ae%c0%ae/x",
                           "%e0%80%ae%e0%80%ae",
                           "%f0%80%80%ae",
                           "%ff%fe",
                           "a//b",
                           "/etc/passwd",
                           "./x",
                           "a/./b",
                           "%2e/x",
                           "x/",
                           "%",
                           "%2",
                           "%g1",
                           "%c1%9c",
                           "..%c0%af",
                           "%2f",
                           "a%2fb",
                           "%5c",
                           "%u002e%u002e"};
  for (const auto& route : routes()) {
    if (route.pattern.find('{') == std::string_view::npos) continue;
    for (const char* vector : vectors) {
      auto target = std::string(route.pattern);
      while (target.find('{') != std::string::npos)
        target.replace(target.find('{'), target.find('}') - target.find('{') + 1,
                       target.find("{run}") != std::string::npos && target.find("{path") != std::string::npos ? run_ : vector);
      EXPECT_EQ(request(to_text(route.method), target).status, 400) << to_text(route.method) << " " << target;
    }
    // Encoded twice: a strange name, and nothing else.
    for (const char* vector : {"%252e%252e", "%252e%252e%252fx", "%25252e", "%EF%BC%8E%EF%BC%8E", "..;", "...", "~root", "C:", "file:"}) {
      auto target = std::string(route.pattern);
      while (target.find('{') != std::string::npos) target.replace(target.find('{'), target.find('}') - target.find('{') + 1, vector);
      EXPECT_EQ(request(to_text(route.method), target, route.spec->body == BodyKind::kJson ? "{}" : "").status / 100, 4) << target;
    }
  }
}

TEST_F(HandlersTest, SnapshotsAreCheckedBeforeTheyCount) {
  start();
  const std::string unknown(32, '\x11');
  EXPECT_EQ(request("POST", "/api/v1/snapshots/missing", unknown).body, unknown);
  EXPECT_EQ(request("POST", "/api/v1/snapshots/missing", "short").status, 400);
  EXPECT_EQ(request("POST", "/api/v1/snapshots", R"({"root":")" + std::string(64, 'a') + "\"}").status, 409);
  EXPECT_EQ(request("POST", "/api/v1/snapshots", R"({"root":"xyz"})").status, 400);
  EXPECT_EQ(request("POST", "/api/v1/snapshots/packs", "this is no pack").status, 400);
  EXPECT_EQ(request("POST", "/api/v1/snapshots/packs", std::string(3'000'000, 'x')).status, 400);
  for (const char* rest : {"", "/pack", "/file/a.py"})
    EXPECT_EQ(request("GET", "/api/v1/snapshots/" + std::string(64, 'a') + rest).status, 404) << rest;
  EXPECT_EQ(request("GET", "/api/v1/snapshots/short").status, 404);
  EXPECT_EQ(request("GET", "/api/v1/snapshots/" + std::string(64, 'a') + "/diff/" + std::string(64, 'b')).status, 404);
}

TEST_F(HandlersTest, TheDoorOfSupervisorsSpeaksOnlyItsProtocol) {
  start();
  const auto token = tokens_.supervisor_token("s-1");
  const auto answer = request_as(token, "GET", "/api/v1/supervisors/connect");
  EXPECT_EQ(answer.status, 426);
  EXPECT_EQ(answer.headers.at("upgrade"), "stoker-supervisor/1");
  RawClient client(port());
  client.send(text_of_request("GET", "/api/v1/supervisors/connect", token, "", {{"Upgrade", "stoker-supervisor/1"}, {"Connection", "Upgrade"}}));
  EXPECT_EQ(client.receive().status, 101);
  client.send("garbage that is no frame");
  EXPECT_TRUE(client.is_closed_by_server());
}

}  // namespace
}  // namespace stoker::api
