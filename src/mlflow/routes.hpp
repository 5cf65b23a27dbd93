#pragma once
// The table of routes of the MLflow API, and what a handler gets.

#include <string_view>
#include <vector>

#include "api/call.hpp"
#include "domain/ids.hpp"
#include "mlflow/fields.hpp"
#include "mlflow/place.hpp"

namespace stoker::mlflow {

struct Request {
  api::Call& call;  // services, head, body, caller, parameters of the path
  WorkspaceId workspace;
  std::string_view workspace_path;  // "" or "/mlflow/<workspace>"
  Base base;
  json::object body;  // of the JSON body, or of the query of a GET
  Fields::From from = Fields::From::kJson;

  Fields fields() const { return Fields(body, "", from); }
  std::string_view parameter(std::string_view name) const { return call.parameter(name); }
  const api::Services& services() const { return call.services; }
};

using Handler = io::Task<Result<api::Reply>> (*)(Request& request);

enum class Body : std::uint8_t { kNone, kJson, kStream };

struct Route {
  Route() = delete;
  Route(api::Method method, std::string_view pattern, Base bases, api::Access access, Body body, Handler handler);

  api::Method method;
  /// Below the base: "mlflow/runs/get", "mlflow/logged-models/{model}", "mlflow-artifacts/artifacts/{path...}".
  std::string_view pattern;
  Base bases;
  /// kRun: the handler asks whether the run's token reaches what is named (reach.hpp).
  api::Access access;
  Body body;
  Handler handler;
  std::vector<std::string_view> parts;
};

/// A handler whose answer is a JSON object with status 200.
template <io::Task<Result<json::object>> (*function)(Request&)>
io::Task<Result<api::Reply>> answer_json(Request& request) {
  CO_TRY(const auto body, co_await function(request));
  co_return api::json_reply(200, body);
}

/// All routes. Those that spell a part out come before those that have a parameter there.
const std::vector<Route>& routes();

// Each resource adds its own.
void add_server_routes(std::vector<Route>& table);
void add_artifact_routes(std::vector<Route>& table);
void add_registered_model_routes(std::vector<Route>& table);
void add_model_version_routes(std::vector<Route>& table);
void add_registry_search_routes(std::vector<Route>& table);
void add_logged_model_routes(std::vector<Route>& table);
void add_logged_model_search_routes(std::vector<Route>& table);
void add_graphql_routes(std::vector<Route>& table);
void add_trace_routes(std::vector<Route>& table);
void add_trace_search_routes(std::vector<Route>& table);
void add_experiment_routes(std::vector<Route>& table);
void add_run_routes(std::vector<Route>& table);
void add_logging_routes(std::vector<Route>& table);
void add_history_routes(std::vector<Route>& table);
void add_input_routes(std::vector<Route>& table);
void add_run_search_routes(std::vector<Route>& table);

}  // namespace stoker::mlflow
