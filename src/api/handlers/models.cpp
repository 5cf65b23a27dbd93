#include "api/handlers/models.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "api/handlers/model_files.hpp"
#include "api/reach.hpp"
#include "api/stored_body.hpp"
#include "base/suggest.hpp"
#include "catalog/workspaces.hpp"
#include "domain/names.hpp"
#include "io/file.hpp"

namespace stoker::api {
namespace {

using catalog::ModelVersion;

/// `key` or `key=value`.
bool has_label(const catalog::Labels& labels, const std::string& wanted) {
  const auto equals = wanted.find('=');
  const auto found = labels.find(wanted.substr(0, equals));
  return found != labels.end() && (equals == std::string::npos || found->second == wanted.substr(equals + 1));
}

bool is_wanted(const ListModels::Input& input, const ModelVersion& version) {
  const auto has = [](const catalog::Labels& labels) { return [&labels](const std::string& wanted) { return has_label(labels, wanted); }; };
  if (!std::ranges::all_of(input.tag, has(version.tags)) || !std::ranges::all_of(input.property, has(version.properties))) return false;
  const auto* framework = version.details.if_contains("framework");
  if (input.framework && (framework == nullptr || !framework->is_string() || *input.framework != std::string_view(framework->get_string())))
    return false;
  return !version.tags.contains("mlflow.prompt.is_prompt");
}

/// Of each name the highest number.
void keep_latest(std::vector<ModelVersion>& versions) {
  std::map<std::string, std::int64_t> highest;
  for (const auto& version : versions) highest[version.model] = std::max(highest[version.model], version.version);
  std::erase_if(versions, [&highest](const ModelVersion& version) { return version.version != highest[version.model]; });
}

Status check_name(std::string_view name) {
  const bool good =
      !name.empty() && name.size() <= 255 &&
      std::ranges::all_of(
          name,
          [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'; }) &&
      name != "." && name != "..";
  if (good) return ok();
  return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is no name for a model", to_valid_utf8(name.substr(0, 300))))
      .because("a name is 1 to 255 letters, digits, -, _ and .");
}

/// A run's token changes the versions of runs that it reaches.
io::Task<Status> check_change(Call& call, const ModelVersion& version) {
  if (call.caller.kind != Caller::Kind::kRun) co_return ok();
  co_return co_await check_run_reach(call, version.run, true);
}

Status check_labels(const catalog::Labels& labels) {
  for (const auto& [key, value] : labels) CHECK_OK(check_tag(key, value));
  return ok();
}

template <class Change>
io::Task<Result<ModelVersion>> change_version(Call& call, WorkspaceId workspace, std::string name, std::string version, Change change) {
  CO_CHECK_OK(co_await check_workspace(call, workspace));
  auto read = [workspace, name, version](db::Connection& connection) { return find_model_version(connection, workspace, name, version); };
  CO_TRY(const auto found, co_await call.services.catalog.read(std::move(read)));
  CO_CHECK_OK(co_await check_change(call, found));
  auto write = [workspace, name, number = found.version, change = std::move(change)](db::Transaction& transaction) -> Result<ModelVersion> {
    TRY(auto version, catalog::find_version(transaction, workspace, name, number));
    CHECK_OK(change(transaction, version));
    return version;
  };
  co_return co_await call.services.catalog.write(std::move(write));
}

}  // namespace

json::object to_json(const ModelVersion& version) {
  json::object body;
  body["id"] = fmt::format("{}:{}", version.model, version.version);
  body["name"] = version.model;
  body["version"] = version.version;
  body["created_at"] = format_time(version.created_at);
  body["updated_at"] = format_time(version.updated_at);
  body["created_by"] = version.created_by;
  body["description"] = version.description;
  body["stage"] = version.stage;
  body["aliases"] = json::array(version.aliases.begin(), version.aliases.end());
  body["tags"] = stoker::to_json(version.tags);
  body["properties"] = stoker::to_json(version.properties);
  body["run_id"] = version.run.empty() ? json::value(nullptr) : json::value(version.run.text());
  body["source"] = version.source;
  body["details"] = version.details;
  return body;
}

const Spec<ListModels::Input>& ListModels::spec() {
  static const auto spec = Spec<Input>("Versions of registered models, newest first.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .query("name", &Input::name, "of this model")
                               .query("run", &Input::run, "of this run")
                               .query("framework", &Input::framework, "of this framework")
                               .query("latest", &Input::latest, "true: only the highest number of each name")
                               .query_list("tag", &Input::tag, "KEY or KEY=VALUE; all of them")
                               .query_list("property", &Input::property, "KEY or KEY=VALUE; all of them")
                               .query("limit", &Input::limit, "how many", {.low = 1, .high = 10000})
                               .query("cursor", &Input::cursor, "the next_cursor of the page before")
                               .answers(200, "Models");
  return spec;
}

io::Task<Result<json::object>> ListModels::process(Call& call, Input input) {
  CO_CHECK_OK(co_await check_workspace(call, input.workspace));
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  if (input.cursor) {
    const auto& text = *input.cursor;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), before);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) co_return Error(ErrorCode::kInvalidInput, "the cursor is none of ours");
  }
  catalog::VersionChoice choice{input.name, input.run ? std::optional(RunId(*input.run)) : std::nullopt};
  auto read = [workspace = input.workspace, choice](db::Connection& connection) -> Result<std::vector<ModelVersion>> {
    CHECK_OK(catalog::find_workspace(connection, workspace));
    return catalog::list_versions(connection, workspace, choice);
  };
  CO_TRY(auto versions, co_await call.services.catalog.read(std::move(read)));
  if (input.latest) keep_latest(versions);
  std::erase_if(versions, [&](const ModelVersion& version) { return version.pk >= before || !is_wanted(input, version); });
  const auto limit = static_cast<std::size_t>(input.limit);
  json::array list;
  for (const auto& version : versions) {
    if (list.size() == limit) break;
    list.push_back(to_json(version));
  }
  const bool more = versions.size() > limit;
  co_return json::object{{"models", std::move(list)},
                         {"next_cursor", more ? json::value(std::to_string(versions[limit - 1].pk)) : json::value(nullptr)}};
}

const Spec<RegisterModel::Input>& RegisterModel::spec() {
  static const auto spec =
      Spec<Input>("Registers files of a run, or uploaded ones, as the next version of a model. Contents are not copied.")
          .path("workspace", &Input::workspace, "the workspace's id")
          .json_field("name", &Input::name, "1 to 255 letters, digits, -, _ and .")
          .required()
          .json_field("run", &Input::run, "the run whose file or folder it is")
          .json_field("upload", &Input::upload, "or the upload that has it (PUT /workspaces/{workspace}/uploads/{upload}/{path})")
          .json_field("path", &Input::path, "the file or folder, of the run or of the upload")
          .required()
          .json_field("description", &Input::description, "for people", {.longest = 5000})
          .json_field("created_by", &Input::created_by, "the user", {.longest = 255})
          .json_field("tags", &Input::tags, "may change later")
          .json_field("properties", &Input::properties, "written once")
          .json_field("details", &Input::details, "framework, framework_version, datasets, sample_input_dataset …: texts")
          .answers(201, "Model");
  return spec;
}

io::Task<Result<json::object>> RegisterModel::process(Call& call, Input input) {
  CO_CHECK_OK(check_name(input.name));
  CO_CHECK_OK(check_labels(input.tags));
  if (input.run.has_value() == input.upload.has_value())
    co_return Error(ErrorCode::kInvalidInput, "exactly one of `run` and `upload` says where the files are");
  CO_CHECK_OK(co_await check_workspace(call, input.workspace));
  if (input.run) CO_CHECK_OK(co_await check_run_reach(call, RunId(*input.run), true));
  NewModel model;
  model.workspace = input.workspace;
  if (input.run) model.run = RunId(*input.run);
  model.upload = input.upload;
  model.path = input.path;
  model.place = call.services.random.hex(16);
  model.now = call.services.clock.now();
  model.version.model = input.name;
  model.version.description = input.description;
  model.version.created_by = input.created_by;
  model.version.tags = input.tags;
  model.version.properties = input.properties;
  for (const auto& [key, value] : input.details) model.version.details[key] = value;
  if (!input.run && call.caller.kind == Caller::Kind::kRun) model.version.run = call.caller.run;
  auto write = [model](db::Transaction& transaction) { return register_model(transaction, model); };
  CO_TRY(const auto made, co_await call.services.catalog.write(std::move(write)));
  call.status = 201;
  co_return to_json(made);
}

const Spec<GetModel::Input>& GetModel::spec() {
  static const auto spec = Spec<Input>("One version of a model.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the model's name")
                               .path("version", &Input::version, "a number, or latest")
                               .answers(200, "Model");
  return spec;
}

io::Task<Result<json::object>> GetModel::process(Call& call, Input input) {
  CO_CHECK_OK(co_await check_workspace(call, input.workspace));
  auto read = [input](db::Connection& connection) { return find_model_version(connection, input.workspace, input.name, input.version); };
  CO_TRY(const auto version, co_await call.services.catalog.read(std::move(read)));
  co_return to_json(version);
}

const Spec<UpdateModel::Input>& UpdateModel::spec() {
  static const auto spec = Spec<Input>("Changes a version: all of it or nothing.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the model's name")
                               .path("version", &Input::version, "a number, or latest")
                               .json_field("tags", &Input::tags, "set")
                               .json_field("remove_tags", &Input::remove_tags, "keys of tags that go")
                               .json_field("properties", &Input::properties, "added; one that is there stays as it is")
                               .json_field("details", &Input::details, "set")
                               .json_field("description", &Input::description, "at most 5000 characters", {.longest = 5000})
                               .answers(200, "Model");
  return spec;
}

io::Task<Result<json::object>> UpdateModel::process(Call& call, Input input) {
  CO_CHECK_OK(check_labels(input.tags));
  auto change = [input, now = call.services.clock.now()](db::Transaction& transaction, ModelVersion& version) -> Status {
    std::vector<Mistake> taken;
    for (const auto& [key, value] : input.properties) {
      const auto [kept, is_new] = version.properties.try_emplace(key, value);
      if (!is_new && kept->second != value) taken.push_back({key, fmt::format("is \"{}\" already and cannot become \"{}\"", kept->second, value)});
    }
    if (!taken.empty())
      return Error(ErrorCode::kConflict, "properties are written once").mistakes(std::move(taken)).hint("use a tag for what changes");
    for (const auto& [key, value] : input.details) version.details[key] = value;
    if (input.description) version.description = *input.description;
    version.updated_at = now;
    CHECK_OK(catalog::update_version(transaction, version, now));
    for (const auto& [key, value] : input.tags) {
      version.tags[key] = value;
      CHECK_OK(catalog::set_version_tag(transaction, version, key, value));
    }
    for (const auto& key : input.remove_tags) {
      version.tags.erase(key);
      CHECK_OK(catalog::remove_version_tag(transaction, version, key));
    }
    return ok();
  };
  CO_TRY(const auto version, co_await change_version(call, input.workspace, input.name, input.version, std::move(change)));
  co_return to_json(version);
}

const Spec<DeleteModel::Input>& DeleteModel::spec() {
  static const auto spec = Spec<Input>("Deletes a version; its number is not used again.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the model's name")
                               .path("version", &Input::version, "a number, or latest")
                               .answers(204, "");
  return spec;
}

io::Task<Result<Reply>> DeleteModel::process(Call& call, Input input) {
  auto change = [workspace = input.workspace, now = call.services.clock.now()](db::Transaction& transaction, ModelVersion& version) -> Status {
    CHECK_OK(forget_model_files(transaction, workspace, version));
    return catalog::remove_version(transaction, version, now);
  };
  CO_CHECK_OK(co_await change_version(call, input.workspace, input.name, input.version, std::move(change)));
  Reply reply;
  reply.status = 204;
  co_return reply;
}

}  // namespace stoker::api
