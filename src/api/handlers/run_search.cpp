#include "api/handlers/run_search.hpp"

#include "catalog/experiments.hpp"
#include "catalog/runs.hpp"
#include "catalog/tracking/run_search.hpp"
#include "catalog/tracking/tracked_experiments.hpp"

namespace stoker::api {
namespace {

/// What a search asks in its own words.
Status check_alone(const ListRuns::Input& input) {
  std::vector<Mistake> mistakes;
  const auto refuse = [&](bool given, const char* path, const char* instead) {
    if (given) mistakes.push_back({path, std::string("cannot be combined with filter and order_by; ") + instead});
  };
  refuse(input.state.has_value(), "?state", "say status = 'FINISHED' in the filter");
  refuse(input.parent.has_value(), "?parent", "say tags.mlflow.parentRunId = '…' in the filter");
  refuse(input.prefix.has_value(), "?prefix", "say run_id LIKE '…%' in the filter");
  refuse(input.kind.has_value(), "?kind", "list without a filter");
  refuse(!input.include_children, "?include_children", "list without a filter");
  refuse(!input.tags.empty(), "?tag", "say tags.key = '…' in the filter");
  refuse(!input.properties.empty(), "?property", "list without a filter");
  return mistakes_to_status("the request is wrong", std::move(mistakes));
}

/// The grammar's refusal, at the field that holds it.
Error at_field(Error error, const char* path) {
  auto message = error.message();
  return Error(ErrorCode::kInvalidInput, "the request is wrong")
      .mistakes({{path, std::move(message)}})
      .hint("`stoker run list --help` shows examples");
}

Result<catalog::RunSearch> read_search(const ListRuns::Input& input) {
  CHECK_OK(check_alone(input));
  catalog::RunSearch search;
  auto where = search::parse_filter(input.filter, search::run_schema());
  if (!where) return at_field(std::move(where).error(), "?filter");
  auto order = search::parse_orders(input.order_by, search::run_schema());
  if (!order) return at_field(std::move(order).error(), "?order_by");
  search.where = std::move(*where);
  search.order = std::move(*order);
  search.limit = static_cast<std::size_t>(input.limit);
  search.view = input.view == "all" ? catalog::RunView::kAll : input.view == "archived" ? catalog::RunView::kArchived : catalog::RunView::kActive;
  const auto token = from_base64url(input.cursor);
  if (!token) return at_field(Error(ErrorCode::kInvalidInput, "is not the cursor of a page"), "?cursor");
  search.page_token = *token;
  return search;
}

Result<std::vector<std::int64_t>> scope_of(db::Connection& connection, const ListRuns::Input& input) {
  if (input.experiment) {
    TRY(const auto experiment, experiment_of(connection, input));
    TRY(const auto pk, catalog::find_experiment_pk(connection, experiment));
    return std::vector<std::int64_t>{pk};
  }
  return catalog::experiment_pks(connection, input.workspace_id ? std::optional(WorkspaceId(*input.workspace_id)) : std::nullopt);
}

Result<json::object> find(db::Connection& connection, const ListRuns::Input& input, catalog::RunSearch search) {
  TRY(search.experiments, scope_of(connection, input));
  TRY(const auto found, catalog::search_runs(connection, search));
  TRY(const auto runs, catalog::read_runs_of(connection, found.pks));
  json::array list;
  list.reserve(runs.size());
  for (const auto& run : runs) list.push_back(to_json(run));
  json::array plan;
  if (input.explain)
    for (const auto& line : found.plan) plan.emplace_back(line);
  const auto next = found.next_page_token ? std::optional(base64url(*found.next_page_token)) : std::nullopt;
  return json::object{{"runs", std::move(list)}, {"next_cursor", json_or_null(next)}, {"plan", std::move(plan)}};
}

}  // namespace

Result<ExperimentId> experiment_of(db::Connection& connection, const ListRuns::Input& input) {
  if (!input.workspace_id) {
    TRY(auto experiment, catalog::find_experiment(connection, ExperimentId(*input.experiment)));
    return experiment.id;
  }
  TRY(auto experiment, catalog::find_experiment(connection, WorkspaceId(*input.workspace_id), *input.experiment));
  return experiment.id;
}

io::Task<Result<json::object>> search_runs(Call& call, ListRuns::Input input) {
  CO_TRY(auto search, read_search(input));
  CO_CHECK_OK(co_await call.services.runs.metric_index().refresh());
  auto read = [input = std::move(input), search = std::move(search)](db::Connection& connection) { return find(connection, input, search); };
  co_return co_await call.services.catalog.read(std::move(read));
}

}  // namespace stoker::api
