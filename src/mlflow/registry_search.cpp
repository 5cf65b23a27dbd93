// Searches of registered models and their versions. Few enough to look at each: a workspace's models; the versions of one model, of one run or of the
// workspace.
#include <algorithm>

#include "mlflow/matching.hpp"
#include "mlflow/registry.hpp"

namespace stoker::mlflow {
namespace {

using catalog::ModelVersion;
using catalog::RegisteredModel;
using search::Clause;
using search::Entity;
using search::Operator;
using search::Operators;
using search::Order;
using search::Type;

constexpr auto kPromptTag = "mlflow.prompt.is_prompt";
constexpr std::int64_t kMostModels = 1000, kMostVersions = 200'000;

const search::Group& tag_group() {
  static const search::Group group{.entity = Entity::kTag,
                                   .names = {"tag", "tags"},
                                   .word = "tag",
                                   .type = Type::kText,
                                   .operators = static_cast<Operators>(search::kTextual | search::kNullness),
                                   .orders = false};
  return group;
}

const search::Schema& model_schema() {
  static const search::Schema schema{
      .groups = {{.entity = Entity::kAttribute, .names = {"attribute", "attributes"}, .word = "attribute", .keys = {{"name", "name"}}}, tag_group()}};
  return schema;
}

const search::Schema& model_order_schema() {
  static const search::Schema schema{.groups = {{.entity = Entity::kAttribute,
                                                 .names = {"attribute", "attributes"},
                                                 .word = "order by",
                                                 .keys = {{"name", "name"},
                                                          {"timestamp", "last_updated_timestamp", Type::kNumber},
                                                          {"last_updated_timestamp", "last_updated_timestamp", Type::kNumber}}}}};
  return schema;
}

const search::Schema& version_schema() {
  static const search::Schema schema{.groups = {{.entity = Entity::kAttribute,
                                                 .names = {"attribute", "attributes"},
                                                 .word = "attribute",
                                                 .keys = {{"name", "name"},
                                                          {"run_id", "run_id", Type::kText, static_cast<Operators>(search::kTextual | Operator::kIn)},
                                                          {"source_path", "source_path"},
                                                          {"version_number", "version_number", Type::kNumber, search::kNumeric}}},
                                                tag_group()},
                                     .quoted_numbers = true};
  return schema;
}

const search::Schema& version_order_schema() {
  static const search::Schema schema{.groups = {{.entity = Entity::kAttribute,
                                                 .names = {"attribute", "attributes"},
                                                 .word = "order by",
                                                 .keys = {{"name", "name"},
                                                          {"version_number", "version_number", Type::kNumber},
                                                          {"creation_timestamp", "creation_timestamp", Type::kNumber},
                                                          {"last_updated_timestamp", "last_updated_timestamp", Type::kNumber}}}}};
  return schema;
}

/// Prompts are models with a tag. They are shown only where the filter asks for them, and what lacks the tag is none.
bool is_shown(const std::vector<Clause>& clauses, const catalog::Labels& tags) {
  std::optional<bool> wanted;
  for (const auto& clause : clauses) {
    if (clause.entity != Entity::kTag || clause.key != kPromptTag) continue;
    if (clause.op == Operator::kEqual) wanted = clause.text == "true";
    if (clause.op == Operator::kNotEqual) wanted = clause.text != "true";
  }
  return is_prompt(tags) == wanted.value_or(false);
}

bool matches_tags(const Clause& clause, const catalog::Labels& tags) {
  return clause.key == kPromptTag ? true : matches(clause, value_of(tags, clause.key));
}

bool matches_model(const std::vector<Clause>& clauses, const RegisteredModel& model) {
  if (!is_shown(clauses, model.tags)) return false;
  return std::ranges::all_of(clauses, [&model](const Clause& clause) {
    return clause.entity == Entity::kTag ? matches_tags(clause, model.tags) : matches(clause, std::optional(model.name));
  });
}

bool matches_version(const std::vector<Clause>& clauses, const ModelVersion& version) {
  if (!is_shown(clauses, version.tags)) return false;
  return std::ranges::all_of(clauses, [&version](const Clause& clause) {
    if (clause.entity == Entity::kTag) return matches_tags(clause, version.tags);
    if (clause.key == "version_number") return matches(clause, std::optional(static_cast<double>(version.version)));
    if (clause.key == "run_id") return matches(clause, std::optional(version.run.text()));
    if (clause.key == "source_path") return matches(clause, std::optional(version.source));
    return matches(clause, std::optional(version.model));
  });
}

int compare_models(const Order& order, const RegisteredModel& a, const RegisteredModel& b) {
  const int by = order.key == "name" ? sign(a.name, b.name) : sign(millis(a.updated_at), millis(b.updated_at));
  return order.ascending ? by : -by;
}

int compare_versions(const Order& order, const ModelVersion& a, const ModelVersion& b) {
  int by = 0;
  if (order.key == "name") by = sign(a.model, b.model);
  else if (order.key == "version_number") by = sign(a.version, b.version);
  else if (order.key == "creation_timestamp") by = sign(millis(a.created_at), millis(b.created_at));
  else by = sign(millis(a.updated_at), millis(b.updated_at));
  return order.ascending ? by : -by;
}

/// By the orders, then by `tie`.
template <class T>
void sort_by(std::vector<T>& all, const std::vector<Order>& orders, int (*compare)(const Order&, const T&, const T&),
             bool (*tie)(const T&, const T&)) {
  std::ranges::sort(all, [&](const T& a, const T& b) {
    for (const auto& order : orders)
      if (const int by = compare(order, a, b); by != 0) return by < 0;
    return tie(a, b);
  });
}

json::object answer(std::string_view name, json::array list, const std::optional<std::size_t>& next) {
  json::object body;
  if (!list.empty()) body[name] = std::move(list);
  if (next) body["next_page_token"] = list_token(*next);
  return body;
}

io::Task<Result<json::object>> search_models(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto filter, fields.text_or("filter", ""));
  CO_TRY(const auto clauses, search::parse_filter(filter, model_schema()));
  CO_TRY(const auto order_by, fields.texts("order_by"));
  CO_TRY(const auto orders, search::parse_orders(order_by, model_order_schema()));
  CO_TRY(const auto page, read_page(fields, 100, kMostModels));
  struct Found {
    std::vector<RegisteredModel> models;
    std::optional<std::size_t> next;
  };
  auto read = [workspace = request.workspace, clauses, orders, page](db::Connection& connection) -> Result<Found> {
    Found found;
    TRY(found.models, catalog::list_models(connection, workspace));
    std::erase_if(found.models, [&](const RegisteredModel& model) { return !matches_model(clauses, model); });
    sort_by<RegisteredModel>(found.models, orders, compare_models,
                             [](const RegisteredModel& a, const RegisteredModel& b) { return a.name < b.name; });
    found.next = cut_page(found.models, page);
    CHECK_OK(catalog::complete(connection, found.models));
    return found;
  };
  CO_TRY(const auto found, co_await request.services().catalog.read(std::move(read)));
  json::array list;
  for (const auto& model : found.models) list.push_back(registered_model_record(model));
  co_return answer("registered_models", std::move(list), found.next);
}

/// What narrows the search by an index.
catalog::VersionChoice choice_of(const std::vector<Clause>& clauses) {
  catalog::VersionChoice choice;
  for (const auto& clause : clauses) {
    if (clause.op != Operator::kEqual || clause.entity != Entity::kAttribute) continue;
    if (clause.key == "name") choice.model = clause.text;
    if (clause.key == "run_id" && !clause.text.empty()) choice.run = RunId(clause.text);
  }
  return choice;
}

bool newest_first(const ModelVersion& a, const ModelVersion& b) { return a.model != b.model ? a.model < b.model : a.version > b.version; }

io::Task<Result<json::object>> search_versions(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto filter, fields.text_or("filter", ""));
  CO_TRY(const auto clauses, search::parse_filter(filter, version_schema()));
  CO_TRY(const auto order_by, fields.texts("order_by"));
  CO_TRY(auto orders, search::parse_orders(order_by, version_order_schema()));
  if (orders.empty()) orders.push_back({.key = "last_updated_timestamp", .ascending = false});
  CO_TRY(const auto page, read_page(fields, kMostVersions, kMostVersions));
  auto read = [workspace = request.workspace, clauses](db::Connection& connection) {
    return catalog::list_versions(connection, workspace, choice_of(clauses));
  };
  CO_TRY(auto versions, co_await request.services().catalog.read(std::move(read)));
  std::erase_if(versions, [&](const ModelVersion& version) { return !matches_version(clauses, version); });
  sort_by<ModelVersion>(versions, orders, compare_versions, newest_first);
  const auto next = cut_page(versions, page);
  json::array list;
  for (const auto& version : versions) list.push_back(model_version_record(version));
  co_return answer("model_versions", std::move(list), next);
}

}  // namespace

void add_registry_search_routes(std::vector<Route>& table) {
  using api::Method;
  constexpr auto kReader = api::Access::kReader | api::Access::kRun;
  table.emplace_back(Method::kGet, "mlflow/registered-models/search", kBoth2, kReader, Body::kNone, &answer_json<&search_models>);
  table.emplace_back(Method::kGet, "mlflow/model-versions/search", kBoth2, kReader, Body::kNone, &answer_json<&search_versions>);
}

}  // namespace stoker::mlflow
