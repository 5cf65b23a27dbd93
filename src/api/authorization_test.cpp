#include <gtest/gtest.h>

#include <map>

#include <fmt/format.h>

#include "api/router.hpp"
#include "api/test_server.hpp"
#include "catalog/runs.hpp"

namespace stoker::api {
namespace {

/// What each kind of caller gets: refused without a token (401), refused with one (403), or let in.
struct Row {
  std::string_view name;
  bool nobody, owner, own_run, other_run, supervisor;
};
// One row a route; a route without a row fails the test. `own_run`: the run's token at its own run; `other_run`: the token of another run.
constexpr Row kMatrix[] = {
    {"get_health", true, true, true, true, true},
    {"get_openapi", true, true, true, true, true},
    {"get_server", false, true, false, false, false},
    {"check_server", false, true, false, false, false},
    {"stop_server", false, true, false, false, false},
    {"list_workspaces", false, true, false, false, false},
    {"create_workspace", false, true, false, false, false},
    {"get_workspace", false, true, true, true, false},
    {"list_experiments", false, true, false, false, false},
    {"create_experiment", false, true, false, false, false},
    {"get_experiment", false, true, true, true, false},
    {"list_runs", false, true, false, false, false},
    {"submit_run", false, true, true, false, false},
    {"submit_runs", false, true, true, false, false},
    {"get_run", false, true, true, false, false},
    {"update_run", false, true, true, false, false},
    {"begin_runs", false, true, true, false, false},
    {"start_run", false, true, true, false, false},
    {"end_run", false, true, true, false, false},
    {"heartbeat", false, true, true, false, false},
    {"update_workspace", false, true, false, false, false},
    {"delete_workspace", false, true, false, false, false},
    {"list_secrets", false, true, true, true, false},
    {"get_secret", false, true, true, true, false},
    {"put_secret", false, true, false, false, false},
    {"delete_secret", false, true, false, false, false},
    {"update_experiment", false, true, false, false, false},
    {"delete_experiment", false, true, false, false, false},
    {"delete_run", false, true, false, false, false},
    {"archive_run", false, true, false, false, false},
    {"restore_run", false, true, false, false, false},
    {"log_metrics", false, true, true, false, false},
    {"cancel_run", false, true, true, false, false},
    {"explain_run", false, true, true, false, false},
    {"list_events", false, true, true, false, false},
    {"list_children", false, true, true, false, false},
    {"get_metrics", false, true, true, false, false},
    {"get_log", false, true, true, false, false},
    {"get_log_spans", false, true, true, false, false},
    {"follow_run", false, true, true, false, false},
    {"list_files", false, true, true, false, false},
    {"get_file", false, true, true, false, false},
    {"put_file", false, true, true, false, false},
    {"get_diff", false, true, true, false, false},
    {"get_environment", false, true, true, false, false},
    {"put_environment", false, true, true, false, false},
    {"get_samples", false, true, true, false, false},
    {"commit_snapshot", false, true, true, true, false},
    {"find_missing", false, true, true, true, false},
    {"add_pack", false, true, true, true, false},
    {"get_snapshot", false, true, false, false, false},
    {"get_pack", false, true, false, false, true},
    {"get_snapshot_file", false, true, false, false, false},
    {"diff_snapshots", false, true, false, false, false},
    {"connect_supervisor", false, false, false, false, true},
};

class AuthorizationTest : public ServerTest {
 protected:
  std::string target_of(const Route& route) const {
    std::string target(route.pattern);
    const auto put = [&](std::string_view what, const std::string& value) {
      if (const auto at = target.find(what); at != std::string::npos) target.replace(at, what.size(), value);
    };
    put("{run}", run_);
    put("{path...}", "outputs/x.txt");
    put("{workspace}", workspace_);
    put("{name}", experiment_);
    put("{snapshot}", std::string(64, 'a'));
    put("{other}", std::string(64, 'b'));
    return target;
  }
  std::string body_of(const Route& route) const {
    const std::string child = fmt::format(R"({{"argv":["/bin/true"],"parent":"{}","environment_variables":{{"STOKER_MOCK":"hang"}}}})", run_);
    if (route.name == "submit_run") return child;
    if (route.name == "begin_runs") return fmt::format(R"({{"runs":[{{"parent":"{}"}}]}})", run_);
    if (route.name == "submit_runs") return fmt::format(R"({{"runs":[{}]}})", child);
    return route.spec->body == BodyKind::kJson ? "{}" : "";
  }
  /// Only the head of the answer: event streams do not end.
  int status_as(const std::string& token, const Route& route) {
    RawClient client(port());
    client.send(text_of_request(to_text(route.method), target_of(route), token, body_of(route)));
    return client.receive(true).status;
  }
  void expect_row(const Row& row, const Route& route) {
    const auto other = tokens_.run_token(RunId(other_run_), 1);
    const std::pair<std::string, bool> callers[] = {{"", row.nobody},
                                                    {std::string(kOwnerToken), row.owner},
                                                    {tokens_.run_token(RunId(run_), 1), row.own_run},
                                                    {other, row.other_run},
                                                    {tokens_.supervisor_token("a-stranger"), row.supervisor}};
    for (const auto& [token, let_in] : callers) {
      const auto status = status_as(token, route);
      const bool was_let_in = status != 401 && status != 403;
      EXPECT_EQ(was_let_in, let_in) << route.name << " answers " << status << " to the token \"" << token.substr(0, 20) << "\"";
      if (!let_in) EXPECT_EQ(status, token.empty() ? 401 : 403) << route.name;
    }
    if (!row.nobody) EXPECT_EQ(status_as("wrong", route), 401) << route.name;
  }

  std::string run_, other_run_, workspace_, experiment_;
};

TEST_F(AuthorizationTest, EveryRouteAndEveryCaller) {
  start();
  other_run_ = submit("hang");
  const auto record = wait_for(other_run_, "Running");
  workspace_ = std::string(record.at("workspace_id").as_string());
  experiment_ = std::string(record.at("experiment").as_string());
  // Each route gets a run of its own, since some of them end it.
  for (const auto& route : routes()) {
    const auto* row = std::ranges::find(kMatrix, route.name, &Row::name);
    ASSERT_NE(row, std::end(kMatrix)) << route.name << " has no row";
    run_ = submit("hang");
    wait_for(run_, "Running");
    expect_row(*row, route);
    request("POST", fmt::format("/api/v1/runs/{}/cancel", run_), "{}");
    wait_for(run_, "Canceled");
  }
  EXPECT_EQ(std::size(kMatrix), routes().size());
}

TEST_F(AuthorizationTest, ARunsTokenReachesTheRunsBelow) {
  start();
  run_ = submit("hang");
  const auto child = submit("hang", run_);
  const auto grandchild = submit("success", child);
  const auto token = tokens_.run_token(RunId(run_), 1);
  EXPECT_EQ(request_as(token, "GET", "/api/v1/runs/" + child).status, 200);
  EXPECT_EQ(request_as(token, "GET", "/api/v1/runs/" + grandchild).status, 200);
  EXPECT_EQ(request_as(token, "GET", "/api/v1/runs/nothing_1_2").status, 403);
}

TEST_F(AuthorizationTest, OfTheRunsAboveARunsTokenReadsTheRecordAlone) {
  start();
  run_ = submit("hang");
  const auto child = submit("hang", run_);
  const auto sibling = submit("hang", run_);
  wait_for(child, "Running");
  const auto token = tokens_.run_token(RunId(child), 1);
  EXPECT_EQ(request_as(token, "GET", "/api/v1/runs/" + run_).status, 200);
  EXPECT_EQ(request_as(token, "GET", "/api/v1/runs/" + sibling).status, 403);
  for (const auto* part : {"/metrics", "/log", "/files", "/events", "/children", "/environment", "/diff"})
    EXPECT_EQ(request_as(token, "GET", "/api/v1/runs/" + run_ + part).status, 403) << part;
  EXPECT_EQ(request_as(token, "PATCH", "/api/v1/runs/" + run_, R"({"tags":{"a":"b"}})").status, 403);
  EXPECT_EQ(request_as(token, "POST", "/api/v1/runs/" + run_ + "/cancel", "{}").status, 403);
}

TEST_F(AuthorizationTest, ARunsTokenReadsItsOwnWorkspaceAndExperimentOnly) {
  start();
  run_ = submit("hang");
  const auto record = wait_for(run_, "Running");
  const auto own = "/api/v1/workspaces/" + std::string(record.at("workspace_id").as_string());
  const auto made = request("POST", "/api/v1/workspaces", R"({"subscription_id":"s","resource_group":"g","name":"other"})").record();
  const auto other = "/api/v1/workspaces/" + std::string(made.at("id").as_string());
  const auto name = std::string(record.at("experiment").as_string());
  for (const auto& path : {own + "/experiments", other + "/experiments"}) ASSERT_EQ(request("POST", path, R"({"name":"second"})").status, 201);
  ASSERT_EQ(request("POST", other + "/experiments", R"({"name":")" + name + "\"}").status, 201);
  const auto token = tokens_.run_token(RunId(run_), 1);
  EXPECT_EQ(request_as(token, "GET", own).record().at("id"), record.at("workspace_id"));
  EXPECT_EQ(request_as(token, "GET", own + "/experiments/" + name).record().at("id"), record.at("experiment_id"));
  EXPECT_EQ(request_as(token, "GET", own + "/experiments/second").status, 403);
  EXPECT_EQ(request_as(token, "GET", own + "/experiments/nothing").status, 403);
  EXPECT_EQ(request_as(token, "GET", other).status, 403);
  EXPECT_EQ(request_as(token, "GET", other + "/experiments/" + name).status, 403);
  EXPECT_EQ(request_as(token, "GET", "/api/v1/workspaces/nothing").status, 403);
}

TEST_F(AuthorizationTest, ARunsTokenMakesRunsOnlyBelowItself) {
  start();
  run_ = submit("hang");
  other_run_ = submit("hang");
  wait_for(run_, "Running");
  const auto token = tokens_.run_token(RunId(run_), 1);
  const auto spec = [](const std::string& more) { return R"({"argv":["/bin/true"])" + more + "}"; };
  EXPECT_EQ(request_as(token, "POST", "/api/v1/runs", spec("")).status, 403);
  EXPECT_EQ(request_as(token, "POST", "/api/v1/runs", spec(R"(,"parent":")" + other_run_ + "\"")).status, 403);
  EXPECT_EQ(request_as(token, "POST", "/api/v1/runs",
                       spec(R"(,"parent":")" + run_ + R"(","workspace":{"subscription_id":"x","resource_group":"y","name":"zz"})"))
                .status,
            403);
  EXPECT_EQ(request_as(token, "POST", "/api/v1/runs", spec(R"(,"parent":")" + run_ + "\"")).status, 201);
}

TEST_F(AuthorizationTest, ATokenOfAnEndedRunOrOldAttemptOnlyReads) {
  start();
  run_ = submit("success");
  wait_for(run_, "Completed");
  const auto token = tokens_.run_token(RunId(run_), 1);
  EXPECT_EQ(request_as(token, "GET", "/api/v1/runs/" + run_).status, 200);
  EXPECT_EQ(request_as(token, "PATCH", "/api/v1/runs/" + run_, R"({"tags":{"a":"b"}})").status, 403);
  EXPECT_EQ(request_as(token, "PUT", "/api/v1/runs/" + run_ + "/files/outputs/x", "x").status, 403);
  const auto live = submit("hang");
  wait_for(live, "Running");
  EXPECT_EQ(request_as(tokens_.run_token(RunId(live), 7), "PATCH", "/api/v1/runs/" + live, "{}").status, 403);
}

TEST_F(AuthorizationTest, ASupervisorWritesFilesOfItsOwnAttemptOnly) {
  start();
  run_ = submit("hang");
  wait_for(run_, "Running");
  auto read = [this](db::Connection& connection) { return catalog::find_run(connection, RunId(run_)); };
  const auto run = on_loop<Result<stoker::Run>>([&] { return catalog_->read(read); });
  const auto supervisor = std::string(run->handle.as_object().at("supervisor").as_string());
  const auto target = "/api/v1/runs/" + run_ + "/files/outputs/x.txt";
  EXPECT_EQ(request_as(tokens_.supervisor_token(supervisor), "PUT", target, "x", {{"X-Stoker-Origin", "outputs"}}).status, 200);
  EXPECT_EQ(request_as(tokens_.supervisor_token("a-stranger"), "PUT", target, "x", {{"X-Stoker-Origin", "outputs"}}).status, 403);
  EXPECT_EQ(request_as(tokens_.supervisor_token(supervisor), "GET", target).status, 403);
}

TEST_F(AuthorizationTest, NoAnswerRepeatsAToken) {
  start();
  const std::string secret = "srt1.c2VjcmV0.1.deadbeefdeadbeef";
  for (const char* target : {"/api/v1/runs", "/api/v1/runs/x", "/healthz", "/nothing"})
    EXPECT_EQ(request_as(secret, "GET", target).body.find("deadbeef"), std::string::npos);
}

}  // namespace
}  // namespace stoker::api
