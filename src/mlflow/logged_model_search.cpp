// The search of logged models: those of the experiments that are named, looked at one by one.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "mlflow/experiments.hpp"
#include "mlflow/logged_models.hpp"
#include "mlflow/matching.hpp"
#include "mlflow/registry.hpp"

namespace stoker::mlflow {
namespace {

using catalog::LoggedModel;
using search::Clause;
using search::Entity;
using search::Operators;
using search::Type;

constexpr std::int64_t kMostLogged = 50'000;
constexpr auto kWithLists = static_cast<Operators>(search::kTextual | search::kLists);

std::vector<search::Key> logged_keys(bool for_order) {
  std::vector<search::Key> keys;
  for (const std::string_view name : {"name", "model_id", "model_type", "source_run_id", "experiment_id"})
    keys.push_back({name, name, Type::kText, kWithLists});
  keys.push_back({"status", "status", for_order ? Type::kText : Type::kNumber, static_cast<Operators>(search::kNumeric | kWithLists)});
  keys.push_back({"creation_timestamp", "creation_timestamp", Type::kNumber, search::kNumeric});
  keys.push_back({"creation_time", "creation_timestamp", Type::kNumber, search::kNumeric});
  keys.push_back({"last_updated_timestamp", "last_updated_timestamp", Type::kNumber, search::kNumeric});
  keys.push_back({"last_updated_time", "last_updated_timestamp", Type::kNumber, search::kNumeric});
  return keys;
}

const search::Schema& logged_schema() {
  static const search::Schema schema{
      .groups = {{.entity = Entity::kAttribute, .names = {"attributes"}, .word = "attribute", .keys = logged_keys(false)},
                 {.entity = Entity::kMetric, .names = {"metrics"}, .word = "metric", .type = Type::kNumber, .operators = search::kNumeric},
                 {.entity = Entity::kParam, .names = {"params"}, .word = "parameter", .type = Type::kText, .operators = kWithLists},
                 {.entity = Entity::kTag, .names = {"tags"}, .word = "tag", .type = Type::kText, .operators = kWithLists}}};
  return schema;
}

constexpr std::pair<std::string_view, std::string_view> kStatusNames[] = {
    {"'LOGGED_MODEL_PENDING'", "1"}, {"'LOGGED_MODEL_READY'", "2"}, {"'LOGGED_MODEL_UPLOAD_FAILED'", "3"}, {"'PENDING'", "1"}, {"'READY'", "2"},
    {"'UPLOAD_FAILED'", "3"}};

/// `status = 'READY'` as `status = 2`.
std::string with_status_numbers(std::string filter) {
  for (auto at = filter.find("status"); at != std::string::npos; at = filter.find("status", at + 1)) {
    auto value = filter.find_first_not_of(" =!", at + 6);
    if (value == std::string::npos) break;
    for (const auto& [name, number] : kStatusNames)
      if (std::string_view(filter).substr(value).starts_with(name)) filter.replace(value, name.size(), number);
  }
  return filter;
}

struct Dataset {
  std::string name;
  std::optional<std::string> digest;
};

bool is_on(const catalog::ModelMetric& metric, const std::vector<Dataset>& datasets) {
  if (datasets.empty()) return true;
  return std::ranges::any_of(datasets, [&metric](const Dataset& dataset) {
    return metric.dataset_name == dataset.name && (!dataset.digest || metric.dataset_digest == *dataset.digest);
  });
}

bool matches_logged(const std::vector<Clause>& clauses, const std::vector<Dataset>& datasets, const LoggedModel& model) {
  return std::ranges::all_of(clauses, [&](const Clause& clause) {
    if (clause.entity == Entity::kTag) return matches(clause, value_of(model.tags, clause.key));
    if (clause.entity == Entity::kParam) return matches(clause, value_of(model.params, clause.key));
    if (clause.entity == Entity::kMetric)
      return std::ranges::any_of(model.metrics, [&](const catalog::ModelMetric& metric) {
        return metric.key == clause.key && is_on(metric, datasets) && matches(clause, std::optional(metric.value));
      });
    if (clause.key == "status") return matches(clause, std::optional(static_cast<double>(model.status)));
    if (clause.key == "creation_timestamp") return matches(clause, std::optional(static_cast<double>(millis(model.created_at))));
    if (clause.key == "last_updated_timestamp") return matches(clause, std::optional(static_cast<double>(millis(model.updated_at))));
    if (clause.key == "model_id") return matches(clause, std::optional(model.id));
    if (clause.key == "model_type") return matches(clause, std::optional(model.model_type));
    if (clause.key == "source_run_id") return matches(clause, std::optional(model.source_run.text()));
    if (clause.key == "experiment_id") return matches(clause, std::optional(std::to_string(model.experiment)));
    return matches(clause, std::optional(model.name));
  });
}

struct LoggedOrder {
  std::string key;     // an attribute
  std::string metric;  // not empty: that metric's latest value
  std::vector<Dataset> datasets;
  bool ascending = true;
};

std::optional<double> latest_value(const LoggedModel& model, const LoggedOrder& order) {
  const catalog::ModelMetric* latest = nullptr;
  for (const auto& metric : model.metrics) {
    if (metric.key != order.metric || !is_on(metric, order.datasets)) continue;
    if (latest == nullptr || std::pair(metric.step, metric.time) >= std::pair(latest->step, latest->time)) latest = &metric;
  }
  return latest != nullptr ? std::optional(latest->value) : std::nullopt;
}

int compare_logged(const LoggedOrder& order, const LoggedModel& a, const LoggedModel& b) {
  if (!order.metric.empty()) {
    const auto left = latest_value(a, order), right = latest_value(b, order);
    // NaN after numbers, nothing after NaN, whatever the direction.
    const auto rank = [](const std::optional<double>& value) { return !value ? 2 : (std::isnan(*value) ? 1 : 0); };
    if (rank(left) != rank(right)) return sign(rank(left), rank(right));
    if (rank(left) > 0) return 0;
    return order.ascending ? sign(*left, *right) : sign(*right, *left);
  }
  int by = 0;
  if (order.key == "status") by = sign(a.status, b.status);
  else if (order.key == "creation_timestamp") by = sign(a.created_at, b.created_at);
  else if (order.key == "last_updated_timestamp") by = sign(a.updated_at, b.updated_at);
  else if (order.key == "model_id") by = sign(a.id, b.id);
  else if (order.key == "model_type") by = sign(a.model_type, b.model_type);
  else if (order.key == "source_run_id") by = sign(a.source_run.text(), b.source_run.text());
  else if (order.key == "experiment_id") by = sign(a.experiment, b.experiment);
  else by = sign(a.name, b.name);
  return order.ascending ? by : -by;
}

Result<std::vector<Dataset>> read_datasets(const Fields& fields) {
  std::vector<Dataset> datasets;
  TRY(const auto items, fields.list("datasets"));
  for (const auto& item : items) {
    Dataset dataset;
    TRY(dataset.name, item.required_text("dataset_name"));
    TRY(dataset.digest, item.text("dataset_digest"));
    datasets.push_back(std::move(dataset));
  }
  return datasets;
}

Result<std::vector<LoggedOrder>> read_logged_orders(const Fields& fields) {
  constexpr std::string_view kMetrics = "metrics.";
  std::vector<LoggedOrder> orders;
  TRY(const auto items, fields.list("order_by"));
  for (const auto& item : items) {
    TRY(const auto name, item.required_text("field_name"));
    LoggedOrder order;
    TRY(const auto ascending, item.boolean("ascending"));
    order.ascending = ascending.value_or(true);
    if (name.starts_with(kMetrics)) {
      order.metric = name.substr(kMetrics.size());
      TRY(const auto dataset, item.text("dataset_name"));
      TRY(const auto digest, item.text("dataset_digest"));
      if (dataset) order.datasets.push_back({*dataset, digest});
    } else {
      static const auto keys = logged_keys(true);
      const auto known = std::ranges::find(keys, name, &search::Key::name);
      if (known == keys.end()) return Error(ErrorCode::kInvalidInput, fmt::format("Invalid order by field name: {}", name));
      order.key = known->canonical;
    }
    orders.push_back(std::move(order));
  }
  return orders;
}

Result<std::vector<std::int64_t>> experiment_numbers(const std::vector<std::string>& ids) {
  std::vector<std::int64_t> numbers;
  for (const auto& id : ids) {
    TRY(const auto number, experiment_number(id));
    numbers.push_back(number);
  }
  return numbers;
}

io::Task<Result<json::object>> search_logged_models(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto ids, fields.texts("experiment_ids", true));
  CO_TRY(const auto experiments, experiment_numbers(ids));
  CO_TRY(const auto filter, fields.text_or("filter", ""));
  CO_TRY(const auto clauses, search::parse_filter(with_status_numbers(filter), logged_schema()));
  CO_TRY(const auto datasets, read_datasets(fields));
  CO_TRY(const auto orders, read_logged_orders(fields));
  const auto* order_by = fields.find("order_by");
  const json::object context{{"experiment_ids", json::array(ids.begin(), ids.end())},
                             {"filter_string", filter},
                             {"order_by", order_by != nullptr ? *order_by : json::value(json::array())}};
  CO_TRY(const auto page, read_page(fields, 50, kMostLogged, context));
  auto read = [workspace = request.workspace, experiments](db::Connection& connection) {
    return catalog::list_logged_models(connection, workspace, experiments);
  };
  CO_TRY(auto models, co_await request.services().catalog.read(std::move(read)));
  std::erase_if(models, [&](const LoggedModel& model) { return !matches_logged(clauses, datasets, model); });
  std::ranges::sort(models, [&orders](const LoggedModel& a, const LoggedModel& b) {
    for (const auto& order : orders)
      if (const int by = compare_logged(order, a, b); by != 0) return by < 0;
    return a.created_at != b.created_at ? a.created_at > b.created_at : a.pk > b.pk;
  });
  const auto next = cut_page(models, page);
  json::array list;
  for (const auto& model : models) list.push_back(logged_model_record(model));
  json::object body;
  if (!list.empty()) body["models"] = std::move(list);
  if (next) body["next_page_token"] = list_token(*next, context);
  co_return body;
}

}  // namespace

void add_logged_model_search_routes(std::vector<Route>& table) {
  constexpr auto kReader = api::Access::kReader | api::Access::kRun;
  table.emplace_back(api::Method::kPost, "mlflow/logged-models/search", kBoth2, kReader, Body::kJson, &answer_json<&search_logged_models>);
}

}  // namespace stoker::mlflow
