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
    {"GET mlflow-artifacts/artifacts", false, true, true, false},
    {"GET mlflow-artifacts/artifacts/{path...}", false, true, true, false},
    {"PUT mlflow-artifacts/artifacts/{path...}", false, true, true, false},
    {"DELETE mlflow-artifacts/artifacts/{path...}", false, true, true, false},
    {"POST mlflow-artifacts/mpu/create/{path...}", false, true, true, false},
    {"POST mlflow-artifacts/mpu/complete/{path...}", false, true, true, false},
    {"POST mlflow-artifacts/mpu/abort/{path...}", false, true, true, false},
    {"GET mlflow-artifacts/presigned/{path...}", false, true, true, false},
    {"GET mlflow/artifacts/list", false, true, true, false},
    {"POST mlflow/artifacts/presigned-upload-url", false, true, true, false},
    {"GET get-artifact", false, true, true, false},
    {"POST mlflow/upload-artifact", false, true, true, false},
    {"POST mlflow/registered-models/create", false, true, true, false},
    {"GET mlflow/registered-models/get", false, true, true, false},
    {"PATCH mlflow/registered-models/update", false, true, true, false},
    {"POST mlflow/registered-models/rename", false, true, false, false},
    {"DELETE mlflow/registered-models/delete", false, true, false, false},
    {"POST mlflow/registered-models/set-tag", false, true, true, false},
    {"DELETE mlflow/registered-models/delete-tag", false, true, true, false},
    {"POST mlflow/registered-models/alias", false, true, true, false},
    {"DELETE mlflow/registered-models/alias", false, true, true, false},
    {"GET mlflow/registered-models/alias", false, true, true, false},
    {"POST mlflow/registered-models/get-latest-versions", false, true, true, false},
    {"GET mlflow/registered-models/get-latest-versions", false, true, true, false},
    {"GET mlflow/registered-models/search", false, true, true, false},
    {"POST mlflow/model-versions/create", false, true, true, false},
    {"GET mlflow/model-versions/get", false, true, true, false},
    {"PATCH mlflow/model-versions/update", false, true, true, false},
    {"POST mlflow/model-versions/transition-stage", false, true, true, false},
    {"DELETE mlflow/model-versions/delete", false, true, false, false},
    {"GET mlflow/model-versions/get-download-uri", false, true, true, false},
    {"POST mlflow/model-versions/set-tag", false, true, true, false},
    {"DELETE mlflow/model-versions/delete-tag", false, true, true, false},
    {"GET mlflow/model-versions/search", false, true, true, false},
    {"GET model-versions/get-artifact", false, true, true, false},
    {"POST mlflow/logged-models", false, true, true, false},
    {"POST mlflow/logged-models/search", false, true, true, false},
    {"GET mlflow/logged-models/{model}", false, true, true, false},
    {"PATCH mlflow/logged-models/{model}", false, true, true, false},
    {"DELETE mlflow/logged-models/{model}", false, true, true, false},
    {"POST mlflow/logged-models/{model}/params", false, true, true, false},
    {"PATCH mlflow/logged-models/{model}/tags", false, true, true, false},
    {"DELETE mlflow/logged-models/{model}/tags/{key...}", false, true, true, false},
    {"GET mlflow/logged-models/{model}/artifacts/directories", false, true, true, false},
    {"GET mlflow/logged-models/{model}/artifacts/files", false, true, true, false},
    {"POST graphql", false, true, true, false},
    {"GET graphql", false, true, true, false},
    {"POST mlflow/traces", false, true, true, false},
    {"POST mlflow/traces/batchGetInfos", false, true, true, false},
    {"POST mlflow/traces/delete-traces", false, true, true, false},
    {"POST mlflow/traces/link-to-run", false, true, true, false},
    {"POST mlflow/traces/search", false, true, true, false},
    {"GET mlflow/traces", false, true, true, false},
    {"GET mlflow/traces/{trace}", false, true, true, false},
    {"PATCH mlflow/traces/{trace}", false, true, true, false},
    {"PATCH mlflow/traces/{trace}/tags", false, true, true, false},
    {"DELETE mlflow/traces/{trace}/tags", false, true, true, false},
    {"GET mlflow/traces/{trace}/info", false, true, true, false},
    {"GET mlflow/get-trace-artifact", false, true, true, false},
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
