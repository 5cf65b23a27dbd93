// What is asked of the server itself, and what of MLflow's API is declined in words that its clients and pages understand.
#include "mlflow/reply.hpp"
#include "mlflow/routes.hpp"

namespace stoker::mlflow {
namespace {

// Below 3.4: from there on clients send spans as OpenTelemetry to /v1/traces, which is not offered.
constexpr std::string_view kVersion = "3.3.0";

io::Task<Result<api::Reply>> health(Request&) { co_return text_reply(200, "OK"); }

io::Task<Result<api::Reply>> version(Request&) { co_return text_reply(200, std::string(kVersion)); }

io::Task<Result<json::object>> server_info(Request&) { co_return json::object{{"store_type", "SqlStore"}, {"workspaces_enabled", false}}; }

io::Task<Result<json::object>> nothing(Request&) { co_return json::object(); }

io::Task<Result<json::object>> no_gateway(Request&) { co_return json::object{{"endpoints", json::array()}}; }

io::Task<Result<json::object>> telemetry(Request&) {
  co_return json::object{{"disable_ui_telemetry", true}, {"disable_ui_events", json::array()}, {"ui_rollout_percentage", 0}};
}

io::Task<Result<json::object>> no_telemetry(Request&) { co_return json::object{{"status", "disabled"}}; }

}  // namespace

void add_server_routes(std::vector<Route>& table) {
  using api::Method;
  constexpr auto kPublic = api::Access::kPublic;
  constexpr auto kReader = api::Access::kReader | api::Access::kRun;
  table.emplace_back(Method::kGet, "health", Base::kRoot, kPublic, Body::kNone, &health);
  table.emplace_back(Method::kGet, "version", Base::kRoot, kPublic, Body::kNone, &version);
  table.emplace_back(Method::kGet, "mlflow/server-info", kBoth3, kReader, Body::kNone, &answer_json<&server_info>);
  table.emplace_back(Method::kGet, "mlflow/webhooks", kBoth2, kReader, Body::kNone, &answer_json<&nothing>);
  table.emplace_back(Method::kPost, "mlflow/datasets/search", kBoth3, kReader, Body::kJson, &answer_json<&nothing>);
  table.emplace_back(Method::kGet, "mlflow/gateway-proxy", Base::kAjax2, kReader, Body::kNone, &answer_json<&no_gateway>);
  table.emplace_back(Method::kGet, "mlflow/ui-telemetry", Base::kAjax3, kReader, Body::kNone, &answer_json<&telemetry>);
  table.emplace_back(Method::kPost, "mlflow/ui-telemetry", Base::kAjax3, kReader, Body::kJson, &answer_json<&no_telemetry>);
}

}  // namespace stoker::mlflow
