#include "mlflow/routes.hpp"

namespace stoker::mlflow {

Route::Route(api::Method method, std::string_view pattern, Base bases, api::Access access, Body body, Handler handler)
    : method(method), pattern(pattern), bases(bases), access(access), body(body), handler(handler) {
  auto rest = pattern;
  for (auto slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
    parts.push_back(rest.substr(0, slash));
    rest.remove_prefix(slash + 1);
  }
  parts.push_back(rest);
}

const std::vector<Route>& routes() {
  static const auto table = [] {
    std::vector<Route> rows;
    add_server_routes(rows);
    add_artifact_routes(rows);
    add_registered_model_routes(rows);
    add_model_version_routes(rows);
    add_registry_search_routes(rows);
    add_logged_model_routes(rows);
    add_logged_model_search_routes(rows);
    add_graphql_routes(rows);
    add_trace_routes(rows);
    add_trace_search_routes(rows);
    add_experiment_routes(rows);
    add_run_routes(rows);
    add_logging_routes(rows);
    add_history_routes(rows);
    add_input_routes(rows);
    add_run_search_routes(rows);
    return rows;
  }();
  return table;
}

}  // namespace stoker::mlflow
