#include "mlflow/experiments.hpp"

#include <unistd.h>

#include <array>
#include <charconv>
#include <climits>

#include <fmt/format.h>

#include "mlflow/experiment_search.hpp"
#include "mlflow/limits.hpp"
#include "mlflow/page_token.hpp"
#include "mlflow/reply.hpp"
#include "mlflow/routes.hpp"
#include "mlflow/run_json.hpp"

namespace stoker::mlflow {
namespace {

constexpr std::size_t kLongestName = 500;
constexpr std::size_t kLongestLocation = 2048;
constexpr std::int64_t kMostResults = 50'000, kUsualResults = 1000;
constexpr std::array<std::string_view, 3> kViews = {"ACTIVE_ONLY", "DELETED_ONLY", "ALL"};

bool has_scheme(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon < 2) return false;
  for (const char c : text.substr(0, colon)) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    if (!good) return false;
  }
  return true;
}

std::string absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  std::array<char, PATH_MAX> here{};
  if (::getcwd(here.data(), here.size()) == nullptr) return path;
  return fmt::format("{}/{}", here.data(), path);
}

Result<std::string> read_location(const Fields& fields) {
  TRY(auto location, fields.text_or("artifact_location", ""));
  if (location.empty()) return location;
  const auto refused = [](std::string message) { return Error(ErrorCode::kInvalidInput, std::move(message)); };
  if (location.starts_with("runs:/")) return refused(fmt::format("Artifact location cannot be a runs:/ URI. Given: '{}'", location));
  if (location.find('#') != std::string::npos) return refused("'artifact_location' URL can't include fragments or params.");
  const auto question = location.find('?');
  if (question != std::string::npos && location.find("..", question) != std::string::npos) return refused("Invalid query string");
  if (characters(location) > kLongestLocation)
    return refused(
        "Invalid artifact path length. The length of the artifact path cannot be greater than 2048 characters. To configure this limit, "
        "please set a shorter artifact location.");
  return has_scheme(location) ? location : absolute(location);
}

Status check_tag(const std::string& key, const std::string& value) {
  CHECK_OK(check_key("key", "key", key));
  return check_length("value", value, kLongestExperimentTag);
}

Result<std::int64_t> read_number(const Fields& fields) {
  TRY(const auto text, fields.required_text("experiment_id"));
  return experiment_number(text);
}

io::Task<Result<json::object>> create(Request& request) {
  const auto fields = request.fields();
  catalog::Experiment wish;
  wish.workspace = request.workspace;
  wish.created_at = request.services().clock.now();
  CO_TRY(wish.name, fields.required_text("name"));
  CO_CHECK_OK(check_length("name", wish.name, kLongestName));
  CO_TRY(wish.artifact_location, read_location(fields));
  CO_TRY(const auto tags, fields.pairs("tags"));
  for (const auto& [key, value] : tags) {
    CO_CHECK_OK(check_tag(key, value));
    wish.tags[key] = value;
  }
  auto write = [wish, &random = request.services().random](db::Transaction& transaction) {
    return catalog::create_experiment(transaction, wish, random);
  };
  CO_TRY(const auto made, co_await request.services().catalog.write(std::move(write)));
  co_return json::object{{"experiment_id", std::to_string(made.number)}};
}

io::Task<Result<json::object>> get(Request& request) {
  CO_TRY(const auto number, read_number(request.fields()));
  auto read = [number, workspace = request.workspace](db::Connection& connection) { return require_experiment(connection, workspace, number); };
  CO_TRY(const auto found, co_await request.services().catalog.read(std::move(read)));
  co_return json::object{{"experiment", experiment_json(found)}};
}

io::Task<Result<json::object>> get_by_name(Request& request) {
  CO_TRY(const auto name, request.fields().required_text("experiment_name"));
  auto read = [name, workspace = request.workspace](db::Connection& connection) { return catalog::look_up_experiment(connection, workspace, name); };
  CO_TRY(const auto found, co_await request.services().catalog.read(std::move(read)));
  if (!found) co_return Error(ErrorCode::kNotFound, fmt::format("Could not find experiment with name '{}'", name));
  co_return json::object{{"experiment", experiment_json(*found)}};
}

io::Task<Result<json::object>> search_all(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto limit, read_max_results(fields, kUsualResults, kMostResults));
  CO_TRY(const auto filter, fields.text_or("filter", ""));
  CO_TRY(const auto where, search::parse_filter(filter, search::experiment_schema()));
  CO_TRY(const auto order_by, fields.texts("order_by"));
  CO_TRY(const auto orders, search::parse_orders(order_by, search::experiment_schema()));
  CO_TRY(const auto token, fields.text_or("page_token", ""));
  CO_TRY(const auto offset, read_offset_token(token));
  const auto view = read_view(fields, "view_type");
  auto read = [workspace = request.workspace](db::Connection& connection) { return catalog::list_experiments(connection, workspace); };
  CO_TRY(auto all, co_await request.services().catalog.read(std::move(read)));
  std::erase_if(all, [&](const catalog::Experiment& one) {
    const bool wrong_view = view != catalog::RunView::kAll && one.archived_at.has_value() != (view == catalog::RunView::kArchived);
    return wrong_view || !matches(one, where);
  });
  sort(all, orders);
  json::object body;
  const auto begin = std::min(offset, all.size()), end = std::min(begin + static_cast<std::size_t>(limit), all.size());
  json::array list;
  for (auto i = begin; i < end; ++i) list.push_back(experiment_json(all[i]));
  if (!list.empty()) body["experiments"] = std::move(list);
  if (end < all.size()) body["next_page_token"] = offset_token(end);
  co_return body;
}

/// Deletes or brings back; what is in the other state already is not found.
io::Task<Result<json::object>> set_deleted(Request& request, bool deleted) {
  CO_TRY(const auto number, read_number(request.fields()));
  auto write = [number, deleted, workspace = request.workspace, now = request.services().clock.now()](db::Transaction& transaction) -> Status {
    TRY(const auto experiment, require_experiment(transaction, workspace, number));
    if (experiment.archived_at.has_value() == deleted) return no_experiment(std::to_string(number));
    return deleted ? catalog::archive_with_runs(transaction, experiment, now) : catalog::restore_with_runs(transaction, experiment, now);
  };
  const auto done = co_await request.services().catalog.write(std::move(write));
  request.services().runs.known().forget_all();
  CO_CHECK_OK(done);
  co_return json::object();
}

io::Task<Result<json::object>> delete_one(Request& request) { co_return co_await set_deleted(request, true); }
io::Task<Result<json::object>> restore(Request& request) { co_return co_await set_deleted(request, false); }

io::Task<Result<api::Reply>> update(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto number, read_number(fields));
  CO_TRY(const auto name, fields.required_text("new_name"));
  CO_CHECK_OK(check_length("name", name, kLongestName));
  auto write = [number, name, workspace = request.workspace, now = request.services().clock.now()](db::Transaction& transaction) -> Status {
    TRY(const auto experiment, require_experiment(transaction, workspace, number));
    if (experiment.archived_at) return Error(ErrorCode::kWrongState, "Cannot rename a non-active experiment.");
    return catalog::rename_experiment(transaction, experiment, name, now);
  };
  const auto renamed = co_await request.services().catalog.write(std::move(write));
  if (renamed) co_return api::json_reply(200, json::object());
  // Upstream's code for this; its status would make clients try for minutes.
  if (renamed.error().code() == ErrorCode::kWrongState) co_return error_reply(400, "INVALID_STATE", renamed.error().message());
  co_return renamed.error();
}

io::Task<Result<json::object>> set_tag(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto number, read_number(fields));
  CO_TRY(const auto key, fields.required_text("key"));
  CO_TRY(const auto value, fields.text_or("value", ""));
  CO_CHECK_OK(check_tag(key, value));
  auto write = [number, key, value, workspace = request.workspace](db::Transaction& transaction) -> Status {
    TRY(auto experiment, require_active_experiment(transaction, workspace, number));
    experiment.tags[key] = value;
    return catalog::set_experiment_tags(transaction, experiment);
  };
  CO_CHECK_OK(co_await request.services().catalog.write(std::move(write)));
  co_return json::object();
}

io::Task<Result<json::object>> delete_tag(Request& request) {
  const auto fields = request.fields();
  CO_TRY(const auto number, read_number(fields));
  CO_TRY(const auto key, fields.required_text("key"));
  auto write = [number, key, workspace = request.workspace](db::Transaction& transaction) -> Status {
    TRY(auto experiment, require_active_experiment(transaction, workspace, number));
    if (experiment.tags.erase(key) == 0)
      return Error(ErrorCode::kNotFound, fmt::format("No tag with name: {} in experiment with id {}", key, number));
    return catalog::set_experiment_tags(transaction, experiment);
  };
  CO_CHECK_OK(co_await request.services().catalog.write(std::move(write)));
  co_return json::object();
}

}  // namespace

Result<std::int64_t> experiment_number(std::string_view text) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size()) return number;
  return Error(ErrorCode::kInvalidInput, fmt::format("Invalid experiment ID '{}'. Experiment ID must be a valid integer.", text));
}

Error no_experiment(std::string_view id) { return {ErrorCode::kNotFound, fmt::format("No Experiment with id={} exists", id)}; }

Result<catalog::Experiment> require_experiment(db::Connection& connection, const WorkspaceId& workspace, std::int64_t number) {
  TRY(auto found, catalog::find_experiment_by_number(connection, workspace, number));
  if (!found) return no_experiment(std::to_string(number));
  return std::move(*found);
}

Result<catalog::Experiment> require_active_experiment(db::Connection& connection, const WorkspaceId& workspace, std::int64_t number) {
  TRY(auto found, require_experiment(connection, workspace, number));
  if (found.archived_at)
    return Error(ErrorCode::kInvalidInput, fmt::format("The experiment {} must be in the 'active' state. Current state is deleted.", number));
  return found;
}

std::string artifact_location(const catalog::Experiment& experiment) {
  if (!experiment.artifact_location.empty()) return experiment.artifact_location;
  return fmt::format("mlflow-artifacts:/{}", experiment.number);
}

json::object experiment_json(const catalog::Experiment& experiment) {
  json::object body;
  body["experiment_id"] = std::to_string(experiment.number);
  body["name"] = experiment.name;
  body["artifact_location"] = artifact_location(experiment);
  body["lifecycle_stage"] = experiment.archived_at ? "deleted" : "active";
  body["last_update_time"] = to_micros(experiment.updated_at) / 1000;
  body["creation_time"] = to_micros(experiment.created_at) / 1000;
  if (!experiment.tags.empty()) body["tags"] = pairs_json({experiment.tags.begin(), experiment.tags.end()});
  return body;
}

catalog::RunView read_view(const Fields& fields, std::string_view name) {
  const auto choice = fields.choice(name, kViews);
  if (!choice || !*choice) return catalog::RunView::kActive;
  if (**choice == 0) return catalog::RunView::kActive;
  return **choice == 1 ? catalog::RunView::kArchived : catalog::RunView::kAll;
}

void add_experiment_routes(std::vector<Route>& table) {
  using api::Method;
  constexpr auto kReader = api::Access::kReader | api::Access::kRun;
  constexpr auto kOwner = api::Access::kOwner;
  const auto add = [&table](Method method, std::string_view path, api::Access access, Handler handler) {
    table.emplace_back(method, path, kBoth2, access, method == Method::kGet ? Body::kNone : Body::kJson, handler);
  };
  // A run's token makes experiments: what mlflow.set_experiment of a script does.
  add(Method::kPost, "mlflow/experiments/create", kOwner | api::Access::kRun, &answer_json<&create>);
  add(Method::kGet, "mlflow/experiments/get", kReader, &answer_json<&get>);
  add(Method::kGet, "mlflow/experiments/get-by-name", kReader, &answer_json<&get_by_name>);
  add(Method::kGet, "mlflow/experiments/search", kReader, &answer_json<&search_all>);
  add(Method::kPost, "mlflow/experiments/search", kReader, &answer_json<&search_all>);
  add(Method::kPost, "mlflow/experiments/delete", kOwner, &answer_json<&delete_one>);
  add(Method::kPost, "mlflow/experiments/restore", kOwner, &answer_json<&restore>);
  add(Method::kPost, "mlflow/experiments/update", kOwner, &update);
  add(Method::kPost, "mlflow/experiments/set-experiment-tag", kOwner, &answer_json<&set_tag>);
  add(Method::kPost, "mlflow/experiments/delete-experiment-tag", kOwner, &answer_json<&delete_tag>);
}

}  // namespace stoker::mlflow
