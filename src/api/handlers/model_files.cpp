#include "api/handlers/model_files.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "api/handlers/models.hpp"
#include "api/reach.hpp"
#include "api/stored_body.hpp"
#include "base/suggest.hpp"
#include "catalog/provenance.hpp"
#include "catalog/runs.hpp"
#include "io/file.hpp"

namespace stoker::api {
namespace {

constexpr std::string_view kScheme = "mlflow-artifacts:/";
constexpr std::string_view kAssets = "assets/";
constexpr std::size_t kMostFiles = 200'000, kMostNamed = 50;

/// "./outputs//model/" is "outputs/model"; "" and "." are the root.
Result<std::string> clean_path(const std::string& path) {
  std::string clean;
  for (std::size_t at = 0; at <= path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    const auto part = path.substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    clean += clean.empty() ? part : "/" + part;
  }
  if (path.starts_with('/')) clean.insert(0, "/");
  if (!clean.empty()) CHECK_OK(io::check_relative_path(clean));
  return clean;
}

Error no_files(const NewModel& model, const std::vector<catalog::Artifact>& there) {
  std::vector<Mistake> names;
  for (const auto& file : there)
    if (names.size() < kMostNamed) names.push_back({"", file.path});
  const auto where = model.run ? fmt::format("the files of run {}", model.run->text()) : fmt::format("the upload {}", *model.upload);
  return Error(ErrorCode::kNotFound, fmt::format("\"{}\" is not among {}", model.path, where))
      .because(there.empty() ? "there are none" : fmt::format("there are {}", there.size()))
      .mistakes(std::move(names))
      .hint("files in ./outputs are stored when the run ends; `run.upload_file` stores one at once");
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// What is known of the run now, kept with the model: the run may be deleted.
Status note_lineage(db::Transaction& transaction, NewModel& model) {
  if (!model.run) return ok();
  TRY(const auto run, catalog::find_run(transaction, *model.run));
  auto& details = model.version.details;
  details["experiment"] = run.experiment_name;
  if (run.spec.snapshot) details["snapshot"] = run.spec.snapshot->text();
  TRY(const auto environment, catalog::environment_digest(transaction, *model.run));
  if (environment) details["environment"] = *environment;
  return ok();
}

/// Below the artifact root; nullopt when the files are elsewhere (s3://…).
Result<std::optional<catalog::ArtifactPlace>> place_of(db::Connection& connection, const WorkspaceId& workspace,
                                                       const catalog::ModelVersion& version) {
  std::string_view storage = version.storage;
  if (!storage.starts_with(kScheme)) return std::optional<catalog::ArtifactPlace>();
  storage.remove_prefix(kScheme.size());
  while (storage.starts_with('/')) storage.remove_prefix(1);
  while (storage.ends_with('/')) storage.remove_suffix(1);
  TRY(auto place, catalog::place_artifact(connection, workspace, storage));
  return std::optional(std::move(place));
}

Error elsewhere(const catalog::ModelVersion& version) {
  return Error(ErrorCode::kUnsupported, fmt::format("the files of {}:{} are not kept by this server", version.model, version.version))
      .because("its source is " + version.storage)
      .hint("fetch them from there");
}

struct ModelFiles {
  catalog::ModelVersion version;
  catalog::ArtifactPlace place;
  std::vector<catalog::Artifact> files;
  /// A file's name in the model: its base name, or for a folder the folder's with what lies below.
  std::string name_of(const catalog::Artifact& file) const {
    const auto base = base_name(place.path);
    if (file.path == place.path) return base;
    const auto below = place.path.empty() ? file.path : file.path.substr(place.path.size() + 1);
    return base.empty() ? below : base + "/" + below;
  }
};

Result<ModelFiles> files_of(db::Connection& connection, const WorkspaceId& workspace, const std::string& name, const std::string& version) {
  ModelFiles found;
  TRY(found.version, find_model_version(connection, workspace, name, version));
  TRY(auto place, place_of(connection, workspace, found.version));
  if (!place) return elsewhere(found.version);
  found.place = std::move(*place);
  TRY(found.files, catalog::artifacts_at(connection, found.place, kMostFiles));
  return found;
}

}  // namespace

Result<catalog::ModelVersion> find_model_version(db::Connection& connection, const WorkspaceId& workspace, const std::string& name,
                                                 const std::string& version) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(version.data(), version.data() + version.size(), number);
  const bool is_number = parsed.ec == std::errc() && parsed.ptr == version.data() + version.size();
  if (!is_number && version != "latest")
    return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is no version: a number or latest is expected", to_valid_utf8(version)));
  if (is_number) {
    auto found = catalog::find_version(connection, workspace, name, number);
    if (found || found.error().code() != ErrorCode::kNotFound) return found;
  }
  TRY(auto versions, catalog::list_versions(connection, workspace, {name, std::nullopt}));
  const auto highest = std::ranges::max_element(versions, {}, &catalog::ModelVersion::version);
  if (!is_number && highest != versions.end()) return std::move(*highest);
  if (highest != versions.end())
    return Error(ErrorCode::kNotFound, fmt::format("there is no model {}:{}", name, number))
        .hint(fmt::format("the newest is {}:{}", name, highest->version));
  TRY(const auto models, catalog::list_models(connection, workspace));
  std::vector<std::string> names;
  for (const auto& model : models) names.push_back(model.name);
  const auto near = did_you_mean(name, names);
  return Error(ErrorCode::kNotFound, fmt::format("there is no model \"{}\"", to_valid_utf8(name)))
      .hint(near.empty() ? "`stoker model list` shows them" : near);
}

Result<catalog::ModelVersion> register_model(db::Transaction& transaction, NewModel model) {
  TRY(model.path, clean_path(model.path));
  CHECK_OK(note_lineage(transaction, model));
  const auto base = model.path.empty() ? model.version.model : base_name(model.path);
  const auto target = fmt::format("{}{}/{}", kAssets, model.place, base);
  catalog::ArtifactPlace from{model.workspace, model.run, model.path};
  if (model.upload) from.path = fmt::format("uploads/{}/{}", *model.upload, model.path);
  TRY(const auto count,
      model.run ? catalog::copy_artifacts_of_run(transaction, from, target, model.now) : catalog::move_artifacts(transaction, from, target));
  if (count == 0) {
    from.path = model.run ? "" : fmt::format("uploads/{}", *model.upload);
    TRY(const auto there, catalog::artifacts_at(transaction, from, kMostFiles));
    return no_files(model, there);
  }
  auto& version = model.version;
  version.storage = fmt::format("{}{}", kScheme, target);
  version.source = version.storage;
  if (model.run) {
    version.run = *model.run;
    TRY(const auto root, catalog::artifact_root_of(transaction, model.workspace, *model.run));
    version.source = fmt::format("{}{}{}{}", kScheme, root, model.path.empty() ? "" : "/", model.path);
  }
  auto found = catalog::find_model(transaction, model.workspace, version.model);
  if (!found && found.error().code() == ErrorCode::kNotFound)
    found = catalog::create_model(transaction, model.workspace, version.model, "", {}, model.now);
  CHECK_OK(found);
  return catalog::create_version(transaction, model.workspace, std::move(version), model.now);
}

Status forget_model_files(db::Transaction& transaction, const WorkspaceId& workspace, const catalog::ModelVersion& version) {
  TRY(const auto place, place_of(transaction, workspace, version));
  if (!place || place->run || !place->path.starts_with(kAssets)) return ok();
  return catalog::remove_artifacts(transaction, *place);
}

const Spec<ListModelFiles::Input>& ListModelFiles::spec() {
  static const auto spec = Spec<Input>("Files of a version. A folder's begin with its name.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the model's name")
                               .path("version", &Input::version, "a number, or latest")
                               .answers(200, "ModelFiles");
  return spec;
}

io::Task<Result<json::object>> ListModelFiles::process(Call& call, Input input) {
  CO_CHECK_OK(co_await check_workspace(call, input.workspace));
  auto read = [input](db::Connection& connection) { return files_of(connection, input.workspace, input.name, input.version); };
  CO_TRY(const auto found, co_await call.services.catalog.read(std::move(read)));
  json::array list;
  for (const auto& file : found.files)
    list.push_back({{"path", found.name_of(file)}, {"size_bytes", file.size_bytes}, {"sha256", file.sha256.hex()}});
  const bool is_file = found.files.size() == 1 && found.files[0].path == found.place.path;
  co_return json::object{{"path", base_name(found.place.path)}, {"is_folder", !is_file}, {"files", std::move(list)}};
}

const Spec<GetModelFile::Input>& GetModelFile::spec() {
  static const auto spec = Spec<Input>("The content of a file of a version. Range and If-None-Match are honoured.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the model's name")
                               .path("version", &Input::version, "a number, or latest")
                               .path("path", &Input::path, "as the list has it")
                               .answers(200, "application/octet-stream");
  return spec;
}

io::Task<Result<Reply>> GetModelFile::process(Call& call, Input input) {
  CO_CHECK_OK(co_await check_workspace(call, input.workspace));
  auto read = [input](db::Connection& connection) -> Result<catalog::Artifact> {
    TRY(const auto version, find_model_version(connection, input.workspace, input.name, input.version));
    TRY(auto place, place_of(connection, input.workspace, version));
    if (!place) return elsewhere(version);
    const auto base = base_name(place->path);
    if (!base.empty() && input.path.starts_with(base + "/")) place->path += input.path.substr(base.size());
    else if (place->path.empty()) place->path = input.path;
    else if (input.path != base) place->path.clear();
    if (!place->path.empty()) {
      TRY(auto file, catalog::look_up_artifact(connection, *place));
      if (file) return std::move(*file);
    }
    return Error(ErrorCode::kNotFound, fmt::format("the model {}:{} has no file \"{}\"", version.model, version.version, to_valid_utf8(input.path)));
  };
  CO_TRY(const auto file, co_await call.services.catalog.read(std::move(read)));
  co_return content_reply(call, stored_content(call, {file.object, static_cast<std::uint64_t>(file.size_bytes)}, file.sha256, file.path));
}

const Spec<PutUpload::Input>& PutUpload::spec() {
  static const auto spec = Spec<Input>("Stores a file that a model is to be registered from. It is on disk when this answers.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("upload", &Input::upload, "a new name that the client makes: 32 hexadecimal digits")
                               .path("path", &Input::path, "the file's path, slashes as they are")
                               .stream("application/octet-stream")
                               .answers(200, "UploadedFile");
  return spec;
}

io::Task<Result<json::object>> PutUpload::process(Call& call, Input input) {
  const bool is_name = input.upload.size() == 32 && input.upload.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!is_name) co_return Error(ErrorCode::kInvalidInput, "the upload's name must be 32 hexadecimal digits");
  CO_CHECK_OK(io::check_relative_path(input.path));
  CO_CHECK_OK(co_await check_workspace(call, input.workspace));
  CO_TRY(const auto stored, co_await store_body(call));
  const catalog::ArtifactPlace place{input.workspace, std::nullopt, fmt::format("uploads/{}/{}", input.upload, input.path)};
  const catalog::Artifact file{place.path, static_cast<std::int64_t>(stored.size), stored.sha256, stored.object, call.services.clock.now()};
  auto write = [place, file](db::Transaction& transaction) { return catalog::put_artifact(transaction, place, file); };
  CO_CHECK_OK(co_await call.services.catalog.write(std::move(write)));
  co_return json::object{{"path", input.path}, {"size_bytes", file.size_bytes}, {"sha256", file.sha256.hex()}};
}

}  // namespace stoker::api
