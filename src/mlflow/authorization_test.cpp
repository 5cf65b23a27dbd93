// Who is let in by each route of this API, by the kind of token; what a run's token reaches beyond that is asked by the handlers (end-to-end tests).
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "mlflow/routes.hpp"

namespace stoker::mlflow {
namespace {

struct Row {
  std::string_view route;
  bool nobody, owner, run, supervisor;
};
// One row a route; a route without a row fails the test, and so does a row without a route.
constexpr Row kMatrix[] = {
    {"GET health", true, true, true, true},
    {"GET version", true, true, true, true},
    {"GET mlflow/server-info", false, true, true, false},
    {"GET mlflow/webhooks", false, true, true, false},
    {"POST mlflow/datasets/search", false, true, true, false},
    {"GET mlflow/gateway-proxy", false, true, true, false},
    {"GET mlflow/ui-telemetry", false, true, true, false},
    {"POST mlflow/ui-telemetry", false, true, true, false},
    {"POST mlflow/experiments/create", false, true, true, false},
    {"GET mlflow/experiments/get", false, true, true, false},
    {"GET mlflow/experiments/get-by-name", false, true, true, false},
    {"GET mlflow/experiments/search", false, true, true, false},
    {"POST mlflow/experiments/search", false, true, true, false},
    {"POST mlflow/experiments/delete", false, true, false, false},
    {"POST mlflow/experiments/restore", false, true, false, false},
    {"POST mlflow/experiments/update", false, true, false, false},
    {"POST mlflow/experiments/set-experiment-tag", false, true, false, false},
    {"POST mlflow/experiments/delete-experiment-tag", false, true, false, false},
    {"POST mlflow/experiments/search-datasets", false, true, true, false},
    {"POST mlflow/runs/create", false, true, true, false},
    {"GET mlflow/runs/get", false, true, true, false},
    {"POST mlflow/runs/update", false, true, true, false},
    {"POST mlflow/runs/delete", false, true, true, false},
    {"POST mlflow/runs/restore", false, true, true, false},
    {"POST mlflow/runs/search", false, true, true, false},
    {"POST mlflow/runs/log-metric", false, true, true, false},
    {"POST mlflow/runs/log-parameter", false, true, true, false},
    {"POST mlflow/runs/set-tag", false, true, true, false},
    {"POST mlflow/runs/delete-tag", false, true, true, false},
    {"POST mlflow/runs/log-batch", false, true, true, false},
    {"POST mlflow/runs/log-inputs", false, true, true, false},
    {"POST mlflow/runs/outputs", false, true, true, false},
    {"POST mlflow/runs/log-model", false, true, true, false},
    {"GET mlflow/metrics/get-history", false, true, true, false},
    {"GET mlflow/metrics/get-history-bulk", false, true, true, false},
    {"GET mlflow/metrics/get-history-bulk-interval", false, true, true, false},
};

TEST(AuthorizationTest, EveryRouteLetsInWhomItShould) {
  const api::Tokens tokens("owner's token", "secret", "/home/ada/.stoker/token");
  const auto admits = [&](api::Caller::Kind kind, api::Access access) {
    api::Caller caller;
    caller.kind = kind;
    return tokens.admit(caller, access).has_value();
  };
  std::set<std::string> seen;
  for (const auto& route : routes()) {
    const auto name = fmt::format("{} {}", api::to_text(route.method), route.pattern);
    const auto* row = std::ranges::find(kMatrix, name, &Row::route);
    ASSERT_NE(row, std::end(kMatrix)) << name << " has no row";
    EXPECT_TRUE(seen.insert(name).second) << name << " is there twice";
    using Kind = api::Caller::Kind;
    EXPECT_EQ(admits(Kind::kNobody, route.access), row->nobody) << name;
    EXPECT_EQ(admits(Kind::kOwner, route.access), row->owner) << name;
    EXPECT_EQ(admits(Kind::kRun, route.access), row->run) << name;
    EXPECT_EQ(admits(Kind::kSupervisor, route.access), row->supervisor) << name;
  }
  EXPECT_EQ(seen.size(), std::size(kMatrix)) << "a row has no route";
}

}  // namespace
}  // namespace stoker::mlflow
