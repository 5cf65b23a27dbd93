// Versions of registered models: a number, a source, and what is said of them.
#include <algorithm>

#include <fmt/format.h>

#include "api/reach.hpp"
#include "catalog/registry/artifacts.hpp"
#include "catalog/registry/logged_models.hpp"
#include "mlflow/artifact_access.hpp"
#include "mlflow/artifact_path.hpp"
#include "mlflow/logged_models.hpp"
#include "mlflow/registry.hpp"
#include "mlflow/registry_names.hpp"

namespace stoker::mlflow {
namespace {

using catalog::ModelVersion;

/// A run's token changes the versions of the runs that it reaches, and those of no run.
io::Task<Status> check_version_reach(Request& request, const RunId& run) {
  if (run.empty()) co_return ok();
  co_return co_await api::check_run_reach(request.call, run, true);
}

io::Task<Result<ModelVersion>> named_version(Request& request) {
  CO_TRY(const auto name, request.fields().required_text("name"));
  CO_TRY(const auto version, version_number(request.fields()));
  auto read = [workspace = request.workspace, name, version](db::Connection& connection) {
    return catalog::find_version(connection, workspace, name, version);
  };
  co_return co_await request.services().catalog.read(std::move(read));
}

/// The version that the request names, changed in one transaction, as it is then.
template <class Change>
io::Task<Result<ModelVersion>> change_version(Request& request, Change change) {
  CO_TRY(const auto named, co_await named_version(request));
  CO_CHECK_OK(co_await check_version_reach(request, named.run));
  auto write = [workspace = request.workspace, named, change = std::move(change)](db::Transaction& transaction) -> Result<ModelVersion> {
    TRY(auto version, catalog::find_version(transaction, workspace, named.model, named.version));
    CHECK_OK(change(transaction, version));
    auto now = catalog::find_version(transaction, workspace, named.model, named.version);
    if (!now && now.error().code() == ErrorCode::kNotFound) return version;
    return now;
  };
  co_return co_await request.services().catalog.write(std::move(write));
}

json::object answer(const ModelVersion& version) { return {{"model_version", model_version_record(version)}}; }

/// Where the files of a source are; `models:/…` and `runs:/…` are looked up.
Result<std::string> storage_of(db::Connection& connection, const WorkspaceId& workspace, const std::string& source) {
  const auto no_such = [&source] { return Error(ErrorCode::kNotFound, fmt::format("Model source '{}' cannot be resolved.", source)); };
  constexpr std::string_view kModels = "models:/", kRuns = "runs:/";
  if (source.starts_with(kRuns)) {
    const auto rest = source.substr(kRuns.size());
    const auto slash = std::min(rest.find('/'), rest.size());
    const auto root = catalog::artifact_root_of(connection, workspace, RunId(rest.substr(0, slash)));
    return root ? artifact_uri(*root + rest.substr(slash)) : source;
  }
  if (!source.starts_with(kModels)) return source;
  const auto rest = source.substr(kModels.size());
  const auto slash = rest.find('/');
  if (slash == std::string::npos) {
    const auto model = catalog::find_logged_model(connection, workspace, rest);
    if (!model) return no_such();
    return logged_model_uri(*model);
  }
  const json::object named{{"version", rest.substr(slash + 1)}};
  const auto number = version_number(Fields(named));
  if (!number) return no_such();
  const auto version = catalog::find_version(connection, workspace, rest.substr(0, slash), *number);
  if (!version) return no_such();
  return version->storage;
}

/// The logged model notes which versions were made of it.
Status note_version(db::Transaction& transaction, const WorkspaceId& workspace, const ModelVersion& version, Time now) {
  constexpr auto kKey = "mlflow.modelVersions";
  TRY(auto model, catalog::find_logged_model(transaction, workspace, version.logged_model));
  json::array list;
  if (auto kept = parse_json(model.tags[kKey]); kept && kept->is_array()) list = std::move(kept->get_array());
  list.push_back({{"name", version.model}, {"version", version.version}});
  model.tags[kKey] = json::serialize(list);
  return catalog::update_logged_model(transaction, model, now);
}

Result<ModelVersion> read_new_version(const Fields& fields) {
  ModelVersion version;
  TRY(version.model, fields.required_text("name"));
  TRY(version.source, fields.required_text("source"));
  TRY(const auto run, fields.text_or("run_id", ""));
  version.run = RunId(run);
  TRY(version.run_link, fields.text_or("run_link", ""));
  TRY(version.description, fields.text_or("description", ""));
  TRY(version.logged_model, fields.text_or("model_id", ""));
  TRY(const auto tags, fields.pairs("tags"));
  for (const auto& [key, value] : tags) {
    CHECK_OK(check_registry_tag(key, value));
    version.tags[key] = value;
  }
  if (!is_prompt(version.tags)) CHECK_OK(check_source(version.source));
  return version;
}

io::Task<Result<json::object>> create_version(Request& request) {
  CO_TRY(const auto wanted, read_new_version(request.fields()));
  CO_CHECK_OK(co_await check_version_reach(request, wanted.run));
  auto write = [workspace = request.workspace, wanted, now = request.services().clock.now()](db::Transaction& transaction) -> Result<ModelVersion> {
    auto version = wanted;
    version.storage = version.source;
    if (!is_prompt(version.tags)) {
      TRY(version.storage, storage_of(transaction, workspace, version.source));
    }
    TRY(auto made, catalog::create_version(transaction, workspace, std::move(version), now));
    if (!made.logged_model.empty()) CHECK_OK(note_version(transaction, workspace, made, now));
    return made;
  };
  CO_TRY(const auto made, co_await request.services().catalog.write(std::move(write)));
  co_return answer(made);
}

io::Task<Result<json::object>> get_version(Request& request) {
  CO_TRY(const auto version, co_await named_version(request));
  co_return answer(version);
}

io::Task<Result<json::object>> update_version(Request& request) {
  CO_TRY(const auto description, request.fields().text_or("description", ""));
  const auto now = request.services().clock.now();
  CO_TRY(const auto version, co_await change_version(request, [description, now](db::Transaction& transaction, ModelVersion& version) {
           version.description = description;
           return catalog::update_version(transaction, version, now);
         }));
  co_return answer(version);
}

Status move_to_stage(db::Transaction& transaction, const WorkspaceId& workspace, ModelVersion& version, const std::string& stage, bool archive,
                     Time now) {
  if (archive) {
    TRY(auto others, catalog::list_versions(transaction, workspace, {version.model, std::nullopt}));
    for (auto& other : others) {
      if (other.stage != stage || other.pk == version.pk) continue;
      other.stage = "Archived";
      CHECK_OK(catalog::update_version(transaction, other, now));
    }
  }
  version.stage = stage;
  return catalog::update_version(transaction, version, now);
}

io::Task<Result<json::object>> transition_stage(Request& request) {
  CO_TRY(const auto named, request.fields().required_text("stage"));
  CO_TRY(const auto stage, canonical_stage(named));
  CO_TRY(const auto archive, request.fields().boolean("archive_existing_versions"));
  if (archive.value_or(false) && stage != "Staging" && stage != "Production")
    co_return Error(
        ErrorCode::kInvalidInput,
        fmt::format("Model version transition cannot archive existing model versions because '{}' is not an Active stage. Valid stages are "
                    "Staging, Production",
                    stage));
  auto move = [workspace = request.workspace, stage, archive = archive.value_or(false), now = request.services().clock.now()](
                  db::Transaction& transaction, ModelVersion& version) {
    return move_to_stage(transaction, workspace, version, stage, archive, now);
  };
  CO_TRY(const auto version, co_await change_version(request, std::move(move)));
  co_return answer(version);
}

io::Task<Result<json::object>> delete_version(Request& request) {
  CO_CHECK_OK(co_await change_version(request, [now = request.services().clock.now()](db::Transaction& transaction, ModelVersion& version) {
    return catalog::remove_version(transaction, version, now);
  }));
  co_return json::object();
}

io::Task<Result<json::object>> get_download_uri(Request& request) {
  CO_TRY(const auto version, co_await named_version(request));
  const auto path = own_artifact_path(version.storage);
  const auto slash = path ? path->rfind('/') : std::string::npos;
  if (slash == std::string::npos) co_return json::object{{"artifact_uri", version.storage}};
  // A model of one file: clients list the address as a folder, so they get the file's.
  auto read = [workspace = request.workspace, path = *path](db::Connection& connection) -> Result<bool> {
    TRY(const auto place, catalog::place_artifact(connection, workspace, path));
    TRY(const auto file, catalog::look_up_artifact(connection, place));
    return file.has_value();
  };
  CO_TRY(const bool is_file, co_await request.services().catalog.read(std::move(read)));
  co_return json::object{{"artifact_uri", is_file ? artifact_uri(path->substr(0, slash)) : version.storage}};
}

io::Task<Result<json::object>> set_tag(Request& request) {
  CO_TRY(const auto key, request.fields().required_text("key"));
  CO_TRY(const auto value, request.fields().text_or("value", ""));
  CO_CHECK_OK(check_registry_tag(key, value));
  CO_CHECK_OK(co_await change_version(request, [key, value](db::Transaction& transaction, ModelVersion& version) {
    return catalog::set_version_tag(transaction, version, key, value);
  }));
  co_return json::object();
}

io::Task<Result<json::object>> delete_tag(Request& request) {
  CO_TRY(const auto key, request.fields().required_text("key"));
  CO_CHECK_OK(co_await change_version(
      request, [key](db::Transaction& transaction, ModelVersion& version) { return catalog::remove_version_tag(transaction, version, key); }));
  co_return json::object();
}

/// A file of a version, for the web pages.
io::Task<Result<api::Reply>> get_version_artifact(Request& request) {
  CO_TRY(const auto path, request.fields().required_text("path"));
  CO_TRY(const auto clean, check_artifact_path(path));
  CO_TRY(const auto version, co_await named_version(request));
  const auto root = own_artifact_path(version.storage);
  if (!root) co_return Error(ErrorCode::kInvalidInput, fmt::format("The files of this version are not kept here, but at '{}'.", version.storage));
  CO_TRY(auto place, co_await reach_artifact(request, *root + "/" + clean, Use::kRead));
  co_return co_await send_artifact(request, std::move(place));
}

}  // namespace

void add_model_version_routes(std::vector<Route>& table) {
  using api::Method;
  constexpr auto kReader = api::Access::kReader | api::Access::kRun;
  constexpr auto kWriter = api::Access::kOwner | api::Access::kRun;
  table.emplace_back(Method::kPost, "mlflow/model-versions/create", kBoth2, kWriter, Body::kJson, &answer_json<&create_version>);
  table.emplace_back(Method::kGet, "mlflow/model-versions/get", kBoth2, kReader, Body::kNone, &answer_json<&get_version>);
  table.emplace_back(Method::kPatch, "mlflow/model-versions/update", kBoth2, kWriter, Body::kJson, &answer_json<&update_version>);
  table.emplace_back(Method::kPost, "mlflow/model-versions/transition-stage", kBoth2, kWriter, Body::kJson, &answer_json<&transition_stage>);
  table.emplace_back(Method::kDelete, "mlflow/model-versions/delete", kBoth2, api::Access::kOwner, Body::kNone, &answer_json<&delete_version>);
  table.emplace_back(Method::kGet, "mlflow/model-versions/get-download-uri", kBoth2, kReader, Body::kNone, &answer_json<&get_download_uri>);
  table.emplace_back(Method::kPost, "mlflow/model-versions/set-tag", kBoth2, kWriter, Body::kJson, &answer_json<&set_tag>);
  table.emplace_back(Method::kDelete, "mlflow/model-versions/delete-tag", kBoth2, kWriter, Body::kNone, &answer_json<&delete_tag>);
  table.emplace_back(Method::kGet, "model-versions/get-artifact", Base::kRoot, kReader, Body::kNone, &get_version_artifact);
}

}  // namespace stoker::mlflow
