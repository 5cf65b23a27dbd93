#include "mlflow/artifact_access.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "api/reach.hpp"
#include "api/stored_body.hpp"
#include "catalog/registry/logged_models.hpp"
#include "catalog/registry/models.hpp"
#include "mlflow/artifact_path.hpp"
#include "runs/run_service.hpp"

namespace stoker::mlflow {
namespace {

bool is_run_token(const Request& request) { return request.call.caller.kind == api::Caller::Kind::kRun; }

Error beyond_reach() {
  return Error(ErrorCode::kForbidden, "this token does not reach that artifact: the token of a run reaches its run and the runs below it");
}

bool lies_at_or_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || folder.empty() || path[folder.size()] == '/');
}

/// Is the path part of a registered model?
Result<bool> is_registered(db::Connection& connection, const catalog::ArtifactPlace& place) {
  TRY(const auto versions, catalog::list_versions(connection, place.workspace, {std::nullopt, place.run}));
  TRY(const auto root, catalog::artifact_root_of(connection, place.workspace, *place.run));
  const auto path = place.path.empty() ? root : root + "/" + place.path;
  return std::ranges::any_of(versions, [&path](const catalog::ModelVersion& version) {
    const auto storage = own_artifact_path(version.storage);
    return storage && lies_at_or_below(path, *storage);
  });
}

/// What a run's token may write that is no run's: `<its experiment>/models/<model of a run that it reaches>/…` and `<its experiment>/traces/…`.
io::Task<Status> check_general_write(Request& request, const catalog::ArtifactPlace& place) {
  auto& call = request.call;
  auto read = [workspace = place.workspace, own = call.caller.run, path = place.path](db::Connection& connection) -> Result<std::optional<RunId>> {
    TRY(const auto root, catalog::artifact_root_of(connection, workspace, own));
    const auto experiment = root.substr(0, root.find('/'));
    if (path.starts_with(experiment + "/traces/")) return std::optional(own);
    const auto models = experiment + "/models/";
    if (!path.starts_with(models)) return std::optional<RunId>();
    TRY(const auto model,
        catalog::find_logged_model(connection, workspace, path.substr(models.size(), path.find('/', models.size()) - models.size())));
    return std::optional(model.source_run);
  };
  CO_TRY(const auto run, co_await call.services.catalog.read(std::move(read)));
  if (!run || run->empty()) co_return beyond_reach();
  co_return co_await api::check_run_reach(call, *run, true);
}

io::Task<Status> check_use(Request& request, const catalog::ArtifactPlace& place, Use use) {
  if (!is_run_token(request)) co_return ok();
  auto& call = request.call;
  if (use == Use::kWrite) {
    if (place.run) co_return co_await api::check_run_reach(call, *place.run, true);
    co_return co_await check_general_write(request, place);
  }
  if (!place.run || co_await api::check_run_reach(call, *place.run, false)) co_return ok();
  auto ask = [place](db::Connection& connection) { return is_registered(connection, place); };
  CO_TRY(const bool registered, co_await call.services.catalog.read(std::move(ask)));
  if (!registered) co_return beyond_reach();
  co_return ok();
}

json::object file_info(const std::string& path, bool is_folder, std::int64_t size) {
  json::object info{{"path", path}, {"is_dir", is_folder}};
  if (!is_folder && size > 0) info["file_size"] = size;
  return info;
}

/// The log of the run among what lies in `folder`.
io::Task<Status> add_log(Request& request, const catalog::ArtifactPlace& folder, std::vector<catalog::ArtifactEntry>& entries) {
  const auto slash = api::kLogPath.find('/');
  const auto log_folder = api::kLogPath.substr(0, slash), log_name = api::kLogPath.substr(slash + 1);
  if (!folder.run || (!folder.path.empty() && folder.path != log_folder)) co_return ok();
  CO_TRY(const auto log, co_await api::log_content(request.call, *folder.run));
  if (log.size == 0) co_return ok();
  const catalog::ArtifactEntry entry = folder.path.empty()
                                           ? catalog::ArtifactEntry{std::string(log_folder), true, 0}
                                           : catalog::ArtifactEntry{std::string(log_name), false, static_cast<std::int64_t>(log.size)};
  const auto at = std::ranges::lower_bound(entries, entry.name, {}, &catalog::ArtifactEntry::name);
  if (at == entries.end() || at->name != entry.name) entries.insert(at, entry);
  co_return ok();
}

Error no_artifact(const std::string& path) { return {ErrorCode::kNotFound, fmt::format("No such artifact: '{}'", path)}; }

}  // namespace

io::Task<Result<catalog::ArtifactPlace>> reach_artifact(Request& request, std::string path, Use use) {
  CO_TRY(auto clean, check_artifact_path(path));
  auto read = [workspace = request.workspace, clean](db::Connection& connection) { return catalog::place_artifact(connection, workspace, clean); };
  CO_TRY(auto place, co_await request.services().catalog.read(std::move(read)));
  CO_CHECK_OK(co_await check_use(request, place, use));
  co_return place;
}

io::Task<Result<catalog::ArtifactPlace>> reach_run_artifact(Request& request, RunId run, std::string path, Use use) {
  CO_TRY(auto clean, check_artifact_path(path));
  CO_CHECK_OK(co_await run_artifact_root(request, run));
  catalog::ArtifactPlace place{request.workspace, std::move(run), std::move(clean)};
  CO_CHECK_OK(co_await check_use(request, place, use));
  co_return place;
}

io::Task<Result<std::string>> run_artifact_root(Request& request, RunId run) {
  auto read = [workspace = request.workspace, run](db::Connection& connection) { return catalog::artifact_root_of(connection, workspace, run); };
  CO_TRY(const auto root, co_await request.services().catalog.read(std::move(read)));
  co_return artifact_uri(root);
}

io::Task<Result<api::Reply>> send_artifact(Request& request, catalog::ArtifactPlace place) {
  auto& call = request.call;
  api::Content content;
  if (place.run && place.path == api::kLogPath) {
    CO_TRY(content, co_await api::log_content(call, *place.run));
  } else {
    auto read = [place](db::Connection& connection) { return catalog::look_up_artifact(connection, place); };
    CO_TRY(const auto found, co_await call.services.catalog.read(std::move(read)));
    if (!found) co_return no_artifact(place.path);
    content = api::stored_content(call, {found->object, static_cast<std::uint64_t>(found->size_bytes)}, found->sha256, place.path);
  }
  auto reply = api::content_reply(call, std::move(content));
  if (reply.status < 300) {
    reply.content_type = artifact_type_of(place.path);
    reply.headers.emplace_back("Content-Disposition", attachment_of(place.path));
  }
  co_return reply;
}

io::Task<Result<json::array>> list_folder(Request& request, catalog::ArtifactPlace folder, std::string prefix) {
  auto read = [folder](db::Connection& connection) { return catalog::list_artifacts(connection, folder); };
  CO_TRY(auto entries, co_await request.services().catalog.read(std::move(read)));
  CO_CHECK_OK(co_await add_log(request, folder, entries));
  json::array files;
  files.reserve(entries.size());
  for (const auto& entry : entries) files.push_back(file_info(prefix + entry.name, entry.is_folder, entry.size_bytes));
  co_return files;
}

io::Task<Status> store_artifact(Request& request, catalog::ArtifactPlace place, std::uint64_t limit) {
  auto& call = request.call;
  if (place.path.empty()) co_return Error(ErrorCode::kInvalidInput, "Invalid path");
  if (place.run && place.path == api::kLogPath)
    co_return Error(ErrorCode::kInvalidInput, fmt::format("'{}' is the run's own output; give the file another name.", place.path));
  CO_TRY(const auto stored, co_await api::store_body(call, limit));
  catalog::Artifact artifact;
  artifact.path = place.path;
  artifact.size_bytes = static_cast<std::int64_t>(stored.size);
  artifact.sha256 = stored.sha256;
  artifact.object = stored.object;
  artifact.created_at = call.services.clock.now();
  auto write = [place, artifact](db::Transaction& transaction) { return catalog::put_artifact(transaction, place, artifact); };
  CO_CHECK_OK(co_await call.services.catalog.write(std::move(write)));
  if (place.run) call.services.runs.feed().notify(*place.run);
  co_return ok();
}

}  // namespace stoker::mlflow
