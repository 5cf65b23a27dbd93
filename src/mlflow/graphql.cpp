// GraphQL, as MLflow's pages ask for a run, its experiment and its model versions: each root field is a call of the API, and of its answer what was
// selected is given, in GraphQL's spelling: camelCase, 64-bit numbers as texts, null for what is missing, [] for lists.
#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "mlflow/graphql_document.hpp"
#include "mlflow/routes.hpp"

namespace stoker::mlflow {
namespace {

using graphql::Selection;

struct Root {
  std::string_view field;
  api::Method method;
  std::string_view pattern;  // of the route
  std::string_view type;
};
constexpr Root kRoots[] = {
    {"mlflowGetRun", api::Method::kGet, "mlflow/runs/get", "MlflowGetRunResponse"},
    {"mlflowGetExperiment", api::Method::kGet, "mlflow/experiments/get", "MlflowGetExperimentResponse"},
    {"mlflowSearchRuns", api::Method::kPost, "mlflow/runs/search", "MlflowSearchRunsResponse"},
    {"mlflowListArtifacts", api::Method::kGet, "mlflow/artifacts/list", "MlflowListArtifactsResponse"},
    {"mlflowSearchModelVersions", api::Method::kGet, "mlflow/model-versions/search", "MlflowSearchModelVersionsResponse"},
    {"mlflowSearchDatasets", api::Method::kPost, "mlflow/experiments/search-datasets", "MlflowSearchDatasetsResponse"},
    {"mlflowGetMetricHistoryBulkInterval", api::Method::kGet, "mlflow/metrics/get-history-bulk-interval",
     "MlflowGetMetricHistoryBulkIntervalResponse"},
};

struct Shape {
  std::string_view field, type;
  bool is_list = false;
};
/// By the field's name, which says the type everywhere but for `tags`.
constexpr Shape kShapes[] = {{"apiError", "ApiError"},
                             {"run", "MlflowRunExtension"},
                             {"runs", "MlflowRunExtension", true},
                             {"info", "MlflowRunInfo"},
                             {"data", "MlflowRunData"},
                             {"metrics", "MlflowMetricExtension", true},
                             {"params", "MlflowParam", true},
                             {"tags", "MlflowRunTag", true},
                             {"experiment", "MlflowExperiment"},
                             {"modelVersions", "MlflowModelVersion", true},
                             {"inputs", "MlflowRunInputs"},
                             {"outputs", "MlflowRunOutputs"},
                             {"datasetInputs", "MlflowDatasetInput", true},
                             {"dataset", "MlflowDataset"},
                             {"modelInputs", "MlflowModelInput", true},
                             {"modelOutputs", "MlflowModelOutput", true},
                             {"files", "MlflowFileInfo", true},
                             {"datasetSummaries", "MlflowDatasetSummary", true}};

const Shape* shape_of(std::string_view field) {
  const auto* found = std::ranges::find(kShapes, field, &Shape::field);
  return found == std::end(kShapes) ? nullptr : found;
}

std::string snake_case(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (std::isupper(static_cast<unsigned char>(c)) != 0) text += '_';
    text += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return text;
}

std::string_view type_of(const Selection& selection, std::string_view above) {
  if (selection.name == "tags" && above == "MlflowExperiment") return "MlflowExperimentTag";
  if (selection.name == "tags" && above == "MlflowDatasetInput") return "MlflowInputTag";
  const auto* shape = shape_of(selection.name);
  return shape != nullptr ? shape->type : "";
}

json::value scalar(std::string_view field, const json::value& value, std::string_view above) {
  const bool is_metric_value = field == "value" && above == "MlflowMetricExtension";
  if (is_metric_value) return value.is_string() ? json::value(nullptr) : value;
  if (value.is_int64()) return json::value(std::to_string(value.get_int64()));
  return value;
}

/// Of `value`, an object of the API, what was selected.
json::object project(const json::value& value, const std::vector<Selection>& fields, std::string_view type) {
  json::object out;
  const auto* object = value.if_object();
  for (const auto& field : fields) {
    auto& place = out[field.alias];
    if (field.name == "__typename") {
      place = type;
      continue;
    }
    const auto* found = object != nullptr ? object->if_contains(snake_case(field.name)) : nullptr;
    const auto* shape = shape_of(field.name);
    if (shape != nullptr && shape->is_list) {
      json::array list;
      if (const auto* items = found != nullptr ? found->if_array() : nullptr)
        for (const auto& item : *items) list.push_back(project(item, field.fields, type_of(field, type)));
      place = std::move(list);
    } else if (found == nullptr || found->is_null()) {
      place = nullptr;
    } else if (found->is_object()) {
      place = project(*found, field.fields, type_of(field, type));
    } else {
      place = scalar(field.name, *found, type);
    }
  }
  return out;
}

const Selection* find(const std::vector<Selection>& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &Selection::name);
  return found == fields.end() ? nullptr : &*found;
}

/// A call of the API within this request: the same caller, the same workspace, the same checks.
io::Task<Result<json::value>> call(Request& request, api::Method method, std::string_view pattern, json::object input) {
  const auto route = std::ranges::find_if(routes(), [&](const Route& one) { return one.method == method && one.pattern == pattern; });
  if (route == routes().end()) co_return Error(ErrorCode::kUnsupported, fmt::format("{} is not offered", pattern));
  Request inner{
      .call = request.call, .workspace = request.workspace, .workspace_path = request.workspace_path, .base = Base::kAjax2, .body = std::move(input)};
  CO_TRY(const auto reply, co_await route->handler(inner));
  CO_TRY(auto body, parse_json(reply.body));
  co_return body;
}

/// What a run's page shows beside the run.
io::Task<Status> add_relatives(Request& request, const Selection& run, json::value& answer) {
  auto* record = answer.as_object().if_contains("run");
  if (record == nullptr || !record->is_object()) co_return ok();
  auto& fields = record->get_object();
  const auto info = fields["info"].is_object() ? fields["info"].get_object() : json::object();
  const auto text = [&info](std::string_view name) {
    const auto* value = info.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  if (find(run.fields, "experiment") != nullptr) {
    CO_TRY(auto found, co_await call(request, api::Method::kGet, "mlflow/experiments/get", {{"experiment_id", text("experiment_id")}}));
    fields["experiment"] = found.as_object()["experiment"];
  }
  if (find(run.fields, "modelVersions") != nullptr) {
    CO_TRY(auto found,
           co_await call(request, api::Method::kGet, "mlflow/model-versions/search", {{"filter", fmt::format("run_id='{}'", text("run_id"))}}));
    fields["model_versions"] = found.as_object()["model_versions"];
  }
  co_return ok();
}

io::Task<Result<json::value>> resolve(Request& request, const Selection& root) {
  if (root.name == "test") {
    const auto* input = root.arguments.if_contains("inputString");
    co_return json::value(project(json::object{{"output", input != nullptr ? *input : json::value(nullptr)}}, root.fields, "Test"));
  }
  const auto* known = std::ranges::find(kRoots, root.name, &Root::field);
  if (known == std::end(kRoots)) co_return Error(ErrorCode::kInvalidInput, fmt::format("Cannot query field '{}' on type 'Query'.", root.name));
  const auto* input = root.arguments.if_contains("input");
  auto answer = co_await call(request, known->method, known->pattern, input != nullptr && input->is_object() ? input->get_object() : json::object());
  if (!answer) co_return answer.error();
  if (const auto* run = find(root.fields, "run"); run != nullptr && root.name == "mlflowGetRun")
    CO_CHECK_OK(co_await add_relatives(request, *run, *answer));
  co_return json::value(project(*answer, root.fields, known->type));
}

io::Task<Result<json::object>> answer_graphql(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto query, fields.text_or("query", ""));
  CO_TRY(const auto operation, fields.text_or("operationName", ""));
  const auto* variables = fields.find("variables");
  const auto roots = graphql::parse(query, operation, variables != nullptr && variables->is_object() ? variables->get_object() : json::object());
  if (!roots) co_return json::object{{"data", nullptr}, {"errors", json::array{json::value(roots.error().message())}}};
  json::object data;
  json::array errors;
  for (const auto& root : *roots) {
    if (root.name == "__typename") {
      data[root.alias] = "Query";
      continue;
    }
    auto value = co_await resolve(request, root);
    data[root.alias] = value ? std::move(*value) : json::value(nullptr);
    if (!value) errors.emplace_back(value.error().message());
  }
  co_return json::object{{"data", std::move(data)}, {"errors", errors.empty() ? json::value(nullptr) : json::value(std::move(errors))}};
}

}  // namespace

void add_graphql_routes(std::vector<Route>& table) {
  constexpr auto kReader = api::Access::kReader | api::Access::kRun;
  table.emplace_back(api::Method::kPost, "graphql", Base::kRoot, kReader, Body::kJson, &answer_json<&answer_graphql>);
  table.emplace_back(api::Method::kGet, "graphql", Base::kRoot, kReader, Body::kNone, &answer_json<&answer_graphql>);
}

}  // namespace stoker::mlflow
