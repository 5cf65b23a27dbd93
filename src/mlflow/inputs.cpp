// What a run used and made: data sets, logged models, and the history of models of 2.x clients.
#include <algorithm>

#include <fmt/format.h>

#include "mlflow/experiments.hpp"
#include "mlflow/limits.hpp"
#include "mlflow/run_access.hpp"

namespace stoker::mlflow {
namespace {

constexpr std::size_t kMostDatasets = 1000, kMostSummaries = 1000, kMostExperiments = 20;
constexpr std::string_view kModelHistory = "mlflow.log-model.history";

Result<catalog::InputDataset> read_dataset(const Fields& fields) {
  catalog::InputDataset input;
  TRY(input.tags, fields.pairs("tags"));
  for (const auto& [key, value] : input.tags) {
    CHECK_OK(check_length("key", key, 255));
    CHECK_OK(check_length("value", value, 500));
  }
  TRY(const auto dataset, fields.child("dataset"));
  if (!dataset) return input;
  TRY(input.name, dataset->text_or("name", ""));
  TRY(input.digest, dataset->text_or("digest", ""));
  TRY(input.source_type, dataset->text_or("source_type", ""));
  TRY(input.source, dataset->text_or("source", ""));
  TRY(input.schema, dataset->text("schema"));
  TRY(input.profile, dataset->text("profile"));
  CHECK_OK(check_length("name", input.name, 500));
  CHECK_OK(check_length("digest", input.digest, 36));
  CHECK_OK(check_length("source", input.source, 65'535));
  CHECK_OK(check_length("schema", input.schema.value_or(""), 1'048'575));
  CHECK_OK(check_length("profile", input.profile.value_or(""), 16'777'215));
  return input;
}

Result<std::vector<catalog::ModelOutput>> read_models(const Fields& fields) {
  std::vector<catalog::ModelOutput> models;
  TRY(const auto items, fields.list("models"));
  for (const auto& item : items) {
    catalog::ModelOutput model;
    TRY(model.model_id, item.required_text("model_id"));
    TRY(const auto step, item.integer("step"));
    model.step = step.value_or(0);
    models.push_back(std::move(model));
  }
  return models;
}

io::Task<Result<json::object>> log_inputs(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto id, fields.required_text("run_id"));
  CO_TRY(const auto items, fields.list("datasets"));
  if (items.size() > kMostDatasets)
    co_return Error(ErrorCode::kInvalidInput,
                    fmt::format("A log inputs request can contain at most {} datasets. Got {} datasets.", kMostDatasets, items.size()));
  std::vector<catalog::InputDataset> inputs;
  for (const auto& item : items) {
    CO_TRY(auto input, read_dataset(item));
    inputs.push_back(std::move(input));
  }
  CO_TRY(auto models, read_models(fields));
  const RunId run(id);
  CO_CHECK_OK(co_await check_writable(request, run));
  auto write = [inputs = std::move(inputs), models = std::move(models)](db::Transaction& transaction, std::int64_t pk) -> Status {
    CHECK_OK(catalog::add_inputs(transaction, pk, inputs));
    return catalog::put_models(transaction, pk, false, models);
  };
  CO_CHECK_OK(co_await write_run(request, run, std::move(write)));
  co_return json::object();
}

io::Task<Result<json::object>> log_outputs(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto id, fields.required_text("run_id"));
  CO_TRY(auto models, read_models(fields));
  const RunId run(id);
  CO_CHECK_OK(co_await check_writable(request, run));
  auto write = [models = std::move(models)](db::Transaction& transaction, std::int64_t pk) {
    return catalog::put_models(transaction, pk, true, models);
  };
  CO_CHECK_OK(co_await write_run(request, run, std::move(write)));
  co_return json::object();
}

Result<json::object> read_model_info(const std::string& text) {
  auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object())
    return Error(ErrorCode::kInvalidInput, fmt::format("Malformed model info. \n {} \n is not a valid JSON.", text));
  auto& model = parsed->get_object();
  std::string missing;
  for (const std::string_view name : {"artifact_path", "flavors", "utc_time_created", "run_id"})
    if (!model.contains(name)) missing += fmt::format("{}'{}'", missing.empty() ? "" : ", ", name);
  if (!missing.empty()) return Error(ErrorCode::kInvalidInput, fmt::format("Model json is missing mandatory fields: {{{}}}", missing));
  // Bulky, and in the model's own files.
  for (const std::string_view name : {"signature", "saved_input_example_info", "model_size_bytes"}) model.erase(name);
  return std::move(model);
}

io::Task<Result<json::object>> log_model(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto id, fields.required_text("run_id"));
  CO_TRY(const auto text, fields.required_text("model_json"));
  CO_TRY(auto model, read_model_info(text));
  const RunId run(id);
  CO_CHECK_OK(co_await check_writable(request, run));
  auto write = [model = std::move(model)](db::Transaction& transaction, std::int64_t pk) -> Status {
    const std::string key(kModelHistory);
    TRY(const auto before, catalog::find_tag(transaction, pk, key));
    const auto parsed = parse_json(before.value_or("[]"));
    json::array history;
    if (parsed && parsed->is_array()) history = parsed->get_array();
    if (std::ranges::find(history, json::value(model)) == history.end()) history.emplace_back(model);
    return catalog::put_tags(transaction, pk, {{key, json::serialize(history)}});
  };
  CO_CHECK_OK(co_await write_run(request, run, std::move(write)));
  co_return json::object();
}

io::Task<Result<json::object>> search_datasets(Request& request) {
  CO_TRY(const auto ids, request.fields().texts("experiment_ids", true));
  if (ids.empty()) co_return Error(ErrorCode::kInvalidInput, "SearchDatasets request must specify at least one experiment_id.");
  if (ids.size() > kMostExperiments)
    co_return Error(
        ErrorCode::kInvalidInput,
        fmt::format("SearchDatasets request cannot specify more than {} experiment_ids. Received {} experiment_ids.", kMostExperiments, ids.size()));
  std::vector<std::int64_t> numbers;
  for (const auto& id : ids) {
    CO_TRY(const auto number, experiment_number(id));
    numbers.push_back(number);
  }
  auto read = [numbers, workspace = request.workspace](db::Connection& connection) {
    return catalog::dataset_summaries(connection, workspace, numbers, kMostSummaries);
  };
  CO_TRY(const auto found, co_await request.services().catalog.read(std::move(read)));
  json::object body;
  if (found.empty()) co_return body;
  auto& list = body["dataset_summaries"].emplace_array();
  for (const auto& one : found) {
    json::object summary{{"experiment_id", std::to_string(one.experiment_number)}, {"name", one.name}, {"digest", one.digest}};
    if (one.context) summary["context"] = *one.context;
    list.push_back(std::move(summary));
  }
  co_return body;
}

}  // namespace

void add_input_routes(std::vector<Route>& table) {
  constexpr auto kReader = api::Access::kReader | api::Access::kRun;
  constexpr auto kWriter = api::Access::kOwner | api::Access::kRun;
  constexpr auto kPost = api::Method::kPost;
  table.emplace_back(kPost, "mlflow/runs/log-inputs", kBoth2, kWriter, Body::kJson, &answer_json<&log_inputs>);
  table.emplace_back(kPost, "mlflow/runs/outputs", kBoth2, kWriter, Body::kJson, &answer_json<&log_outputs>);
  table.emplace_back(kPost, "mlflow/runs/log-model", kBoth2, kWriter, Body::kJson, &answer_json<&log_model>);
  table.emplace_back(kPost, "mlflow/experiments/search-datasets", kBoth2, kReader, Body::kJson, &answer_json<&search_datasets>);
}

}  // namespace stoker::mlflow
