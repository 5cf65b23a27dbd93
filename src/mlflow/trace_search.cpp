// The search of traces: each experiment's are walked newest first, until the page is full.
#include <algorithm>

#include <fmt/format.h>

#include "mlflow/experiments.hpp"
#include "mlflow/matching.hpp"
#include "mlflow/routes.hpp"
#include "mlflow/trace_records.hpp"

namespace stoker::mlflow {
namespace {

using catalog::Trace;
using search::Clause;
using search::Entity;
using search::Operators;
using search::Order;
using search::Type;

constexpr std::size_t kBatch = 1000;

const search::Schema& trace_schema() {
  constexpr auto kText = static_cast<Operators>(search::kTextual | search::kLists);
  static const search::Schema schema{.groups = {{.entity = Entity::kAttribute,
                                                 .names = {"attribute", "attributes", "trace"},
                                                 .word = "attribute",
                                                 .keys = {{"timestamp_ms", "time", Type::kNumber, search::kNumeric},
                                                          {"timestamp", "time", Type::kNumber, search::kNumeric},
                                                          {"execution_time_ms", "duration", Type::kNumber, search::kNumeric},
                                                          {"execution_time", "duration", Type::kNumber, search::kNumeric},
                                                          {"status", "state", Type::kText, kText},
                                                          {"state", "state", Type::kText, kText},
                                                          {"name", "name", Type::kText, kText},
                                                          {"trace_id", "id", Type::kText, kText},
                                                          {"request_id", "id", Type::kText, kText},
                                                          {"client_request_id", "client_id", Type::kText, kText},
                                                          {"run_id", "run", Type::kText, kText}}},
                                                {.entity = Entity::kTag,
                                                 .names = {"tag", "tags"},
                                                 .word = "tag",
                                                 .operators = static_cast<Operators>(search::kTextual | search::kNullness)},
                                                {.entity = Entity::kParam,
                                                 .names = {"metadata", "request_metadata"},
                                                 .word = "metadata",
                                                 .operators = static_cast<Operators>(search::kTextual | search::kNullness)}}};
  return schema;
}

std::optional<std::string> text_of(const Trace& trace, Entity entity, const std::string& key) {
  if (entity == Entity::kTag) return value_of(trace.tags, key);
  if (entity == Entity::kParam) return value_of(trace.metadata, key);
  if (key == "name") return value_of(trace.tags, "mlflow.traceName");
  if (key == "run") return value_of(trace.metadata, "mlflow.sourceRun");
  if (key == "id") return trace.id;
  if (key == "client_id") return trace.client_id;
  return trace.state;
}

std::optional<double> number_of(const Trace& trace, const std::string& key) {
  if (key == "time") return static_cast<double>(trace.time);
  return trace.duration ? std::optional(static_cast<double>(*trace.duration)) : std::nullopt;
}

bool matches_trace(const std::vector<Clause>& clauses, const Trace& trace) {
  return std::ranges::all_of(clauses, [&trace](const Clause& clause) {
    return clause.type == Type::kNumber ? matches(clause, number_of(trace, clause.key)) : matches(clause, text_of(trace, clause.entity, clause.key));
  });
}

bool is_number(const Order& order) { return order.entity == Entity::kAttribute && (order.key == "time" || order.key == "duration"); }

/// What is missing comes last, whatever the direction.
template <class T>
int compare_values(const std::optional<T>& a, const std::optional<T>& b, bool ascending) {
  if (!a || !b) return static_cast<int>(!a) - static_cast<int>(!b);
  return ascending ? sign(*a, *b) : sign(*b, *a);
}

bool comes_first(const std::vector<Order>& orders, const Trace& a, const Trace& b) {
  for (const auto& order : orders) {
    const int by = is_number(order) ? compare_values(number_of(a, order.key), number_of(b, order.key), order.ascending)
                                    : compare_values(text_of(a, order.entity, order.key), text_of(b, order.entity, order.key), order.ascending);
    if (by != 0) return by < 0;
  }
  return std::pair(a.time, a.pk) > std::pair(b.time, b.pk);
}

struct Wanted {
  std::vector<std::int64_t> experiments;
  std::vector<Clause> clauses;
  std::vector<Order> orders;
  Page page;
};

/// Of an experiment, newest first, as many as can be on the page; all that match where another order is wanted.
Status collect(db::Connection& connection, const WorkspaceId& workspace, const Wanted& wanted, std::int64_t experiment, std::vector<Trace>& found) {
  const bool walks = wanted.orders.empty() || (wanted.orders[0].key == "time" && !wanted.orders[0].ascending);
  const auto most = walks ? wanted.page.offset + wanted.page.limit + 1 : std::numeric_limits<std::size_t>::max();
  std::size_t taken = 0;
  catalog::TraceBefore before;
  for (;;) {
    TRY(auto batch, catalog::list_traces(connection, workspace, experiment, before, kBatch));
    const bool last = batch.size() < kBatch;
    if (!batch.empty()) before = {batch.back().time, batch.back().pk};
    for (auto& trace : batch) {
      if (!matches_trace(wanted.clauses, trace)) continue;
      found.push_back(std::move(trace));
      if (++taken == most) return ok();
    }
    if (last) return ok();
  }
}

struct Found {
  std::vector<Trace> traces;
  std::optional<std::size_t> next;
};

io::Task<Result<Found>> search_for(Request& request, Wanted wanted) {
  auto read = [workspace = request.workspace, wanted = std::move(wanted)](db::Connection& connection) -> Result<Found> {
    Found found;
    for (const auto experiment : wanted.experiments) CHECK_OK(collect(connection, workspace, wanted, experiment, found.traces));
    std::ranges::sort(found.traces, [&wanted](const Trace& a, const Trace& b) { return comes_first(wanted.orders, a, b); });
    found.next = cut_page(found.traces, wanted.page);
    return found;
  };
  co_return co_await request.services().catalog.read(std::move(read));
}

Result<Wanted> read_wanted(const Fields& fields, const std::vector<std::string>& experiments) {
  Wanted wanted;
  for (const auto& id : experiments) {
    TRY(const auto number, experiment_number(id));
    wanted.experiments.push_back(number);
  }
  TRY(const auto filter, fields.text_or("filter", ""));
  TRY(wanted.clauses, search::parse_filter(filter, trace_schema()));
  TRY(const auto order_by, fields.texts("order_by"));
  TRY(wanted.orders, search::parse_orders(order_by, trace_schema()));
  TRY(wanted.page, read_page(fields, 100, 500));
  return wanted;
}

json::object answer(const Found& found, json::object (*record)(const Trace&)) {
  json::array list;
  for (const auto& trace : found.traces) list.push_back(record(trace));
  json::object body;
  if (!list.empty()) body["traces"] = std::move(list);
  if (found.next) body["next_page_token"] = list_token(*found.next);
  return body;
}

io::Task<Result<json::object>> search_traces(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto locations, fields.list("locations"));
  std::vector<std::string> experiments;
  for (const auto& location : locations) {
    CO_TRY(const auto experiment, location.child("mlflow_experiment"));
    if (!experiment) continue;
    CO_TRY(experiments.emplace_back(), experiment->required_text("experiment_id"));
  }
  CO_TRY(auto wanted, read_wanted(fields, experiments));
  CO_TRY(const auto found, co_await search_for(request, std::move(wanted)));
  co_return answer(found, trace_record);
}

io::Task<Result<json::object>> search_old_traces(Request& request) {
  CO_TRY(const auto experiments, request.fields().texts("experiment_ids", true));
  CO_TRY(auto wanted, read_wanted(request.fields(), experiments));
  CO_TRY(const auto found, co_await search_for(request, std::move(wanted)));
  co_return answer(found, old_trace_record);
}

}  // namespace

void add_trace_search_routes(std::vector<Route>& table) {
  using api::Method;
  constexpr auto kReader = api::Access::kReader | api::Access::kRun;
  table.emplace_back(Method::kPost, "mlflow/traces/search", kBoth3, kReader, Body::kJson, &answer_json<&search_traces>);
  table.emplace_back(Method::kGet, "mlflow/traces", kBoth2, kReader, Body::kNone, &answer_json<&search_old_traces>);
}

}  // namespace stoker::mlflow
