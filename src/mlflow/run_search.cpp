// Search for runs.
#include <algorithm>

#include "api/reach.hpp"
#include "catalog/tracking/run_search.hpp"
#include "mlflow/experiments.hpp"
#include "mlflow/limits.hpp"
#include "mlflow/page_token.hpp"
#include "mlflow/routes.hpp"
#include "mlflow/run_json.hpp"

namespace stoker::mlflow {
namespace {

constexpr std::int64_t kUsualResults = 1000, kMostResults = 50'000;

struct Found {
  std::vector<catalog::TrackedRun> runs;
  std::optional<std::string> next_page_token;
};

Result<catalog::RunSearch> read_search(const Fields& fields) {
  catalog::RunSearch search;
  TRY(const auto filter, fields.text_or("filter", ""));
  TRY(search.where, search::parse_filter(filter, search::run_schema()));
  TRY(const auto order_by, fields.texts("order_by"));
  TRY(search.order, search::parse_orders(order_by, search::run_schema()));
  TRY(const auto limit, read_max_results(fields, kUsualResults, kMostResults));
  search.limit = static_cast<std::size_t>(limit);
  search.view = read_view(fields, "run_view_type");
  TRY(const auto token, fields.text_or("page_token", ""));
  TRY(search.page_token, read_page_token(token));
  return search;
}

Result<std::vector<std::int64_t>> read_experiments(const Fields& fields) {
  TRY(const auto ids, fields.texts("experiment_ids", true));
  std::vector<std::int64_t> numbers;
  for (const auto& id : ids) {
    TRY(const auto number, experiment_number(id));
    if (std::ranges::find(numbers, number) == numbers.end()) numbers.push_back(number);
  }
  return numbers;
}

Result<Found> find(db::Connection& connection, catalog::RunSearch search, const WorkspaceId& workspace, const std::vector<std::int64_t>& numbers) {
  for (const auto number : numbers) {
    TRY(const auto pk, catalog::find_experiment_pk(connection, workspace, number));
    if (pk) search.experiments.push_back(*pk);
  }
  Found found;
  if (search.experiments.empty()) return found;
  TRY(auto page, catalog::search_runs(connection, search));
  TRY(found.runs, catalog::read_tracked(connection, page.pks));
  found.next_page_token = std::move(page.next_page_token);
  return found;
}

/// A run's token sees its own run and those below it.
io::Task<Status> keep_reached(Request& request, std::vector<catalog::TrackedRun>& runs) {
  if (request.call.caller.kind != api::Caller::Kind::kRun) co_return ok();
  std::vector<catalog::TrackedRun> reached;
  for (auto& run : runs) {
    CO_TRY(const bool below, co_await api::is_at_or_below(request.services().catalog, request.call.caller.run, run.id));
    if (below) reached.push_back(std::move(run));
  }
  runs = std::move(reached);
  co_return ok();
}

io::Task<Result<json::object>> search_runs(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto numbers, read_experiments(fields));
  CO_TRY(auto search, read_search(fields));
  json::object body;
  if (numbers.empty()) co_return body;
  CO_CHECK_OK(co_await request.services().runs.metric_index().refresh());
  auto read = [search = std::move(search), workspace = request.workspace, numbers](db::Connection& connection) {
    return find(connection, search, workspace, numbers);
  };
  CO_TRY(auto found, co_await request.services().catalog.read(std::move(read)));
  CO_CHECK_OK(co_await keep_reached(request, found.runs));
  if (!found.runs.empty()) {
    auto& list = body["runs"].emplace_array();
    list.reserve(found.runs.size());
    for (const auto& run : found.runs) list.push_back(run_json(run));
  }
  if (found.next_page_token) body["next_page_token"] = page_token(*found.next_page_token);
  co_return body;
}

}  // namespace

void add_run_search_routes(std::vector<Route>& table) {
  table.emplace_back(api::Method::kPost, "mlflow/runs/search", kBoth2, api::Access::kReader | api::Access::kRun, Body::kJson,
                     &answer_json<&search_runs>);
}

}  // namespace stoker::mlflow
