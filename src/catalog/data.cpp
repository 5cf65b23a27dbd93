#include "catalog/data.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/digest.hpp"
#include "base/suggest.hpp"
#include "catalog/labels.hpp"
#include "catalog/workspaces.hpp"
#include "domain/names.hpp"

namespace stoker::catalog {
namespace {

Datastore read_datastore(const db::Row& row) { return {.name = row.text("name"), .path = row.text("path"), .created_at = row.time("created_at")}; }

Result<std::string> default_name(db::Connection& connection, const WorkspaceId& workspace) {
  TRY(auto name, connection.read_one("find_default_datastore", {workspace}, [](const db::Row& row) { return row.text("name"); }));
  return std::move(name).value_or(std::string(kBuiltInDatastores[0]));
}

/// What was accepted once is read for ever.
DatasetDefinition definition_of(const std::string& text) {
  std::vector<Mistake> ignored;
  const auto value = parse_json(text);
  return value ? read_dataset_definition(*value, "", ignored) : DatasetDefinition();
}

struct DatasetRow {
  std::string id, definition;
  Time created_at;
};

Dataset read_version(const db::Row& row) {
  Dataset dataset;
  dataset.id = row.text("id");
  dataset.definition = definition_of(row.text("definition"));
  dataset.name = row.text("name");
  dataset.version = row.integer("version");
  dataset.description = row.text("description");
  dataset.tags = labels_from_text(row.borrowed_text("tags"));
  dataset.created_at = row.time("created_at");
  return dataset;
}

/// The same content has the same id, so saving needs neither a look nor randomness.
std::string id_of(const WorkspaceId& workspace, const std::string& definition) {
  const auto hex = sha256(workspace.text() + "\n" + definition).hex();
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4), hex.substr(20, 12));
}

Result<std::optional<Dataset>> look_up_latest(db::Connection& connection, const WorkspaceId& workspace, const std::string& name) {
  return connection.read_one("latest_version", {workspace, name}, read_version);
}

Error no_dataset(const std::string& name, const std::vector<Dataset>& others) {
  std::vector<std::string> names;
  for (const auto& other : others)
    if (names.empty() || names.back() != other.name) names.push_back(other.name);
  auto hint = did_you_mean(name, names);
  if (hint.empty()) hint = names.empty() ? "nothing is registered in this workspace" : fmt::format("there are: {}", fmt::join(names, ", "));
  return Error(ErrorCode::kNotFound, fmt::format("the workspace has no dataset \"{}\"", to_valid_utf8(name))).hint(std::move(hint));
}

}  // namespace

bool is_built_in_datastore(std::string_view name) { return std::ranges::find(kBuiltInDatastores, name) != std::end(kBuiltInDatastores); }

Result<std::vector<Datastore>> list_datastores(db::Connection& connection, const WorkspaceId& workspace) {
  CHECK_OK(find_workspace(connection, workspace));
  TRY(const auto chosen, default_name(connection, workspace));
  std::vector<Datastore> all;
  for (const auto name : kBuiltInDatastores) all.push_back({.name = std::string(name), .path = {}, .created_at = std::nullopt});
  TRY(auto registered, connection.read_all("list_datastores", {workspace}, read_datastore));
  std::ranges::move(registered, std::back_inserter(all));
  for (auto& datastore : all) datastore.is_default = datastore.name == chosen;
  return all;
}

Result<Datastore> find_datastore(db::Connection& connection, const WorkspaceId& workspace, const std::string& name) {
  TRY(auto all, list_datastores(connection, workspace));
  const auto at = std::ranges::find_if(all, [&](const Datastore& one) { return name.empty() ? one.is_default : one.name == name; });
  if (at != all.end()) return std::move(*at);
  std::vector<std::string> names;
  for (const auto& one : all) names.push_back(one.name);
  auto hint = did_you_mean(name, names);
  if (hint.empty()) hint = fmt::format("there are: {}; `stoker datastore add NAME FOLDER` registers a folder", fmt::join(names, ", "));
  return Error(ErrorCode::kNotFound, fmt::format("the workspace has no datastore \"{}\"", to_valid_utf8(name))).hint(std::move(hint));
}

Result<Datastore> register_datastore(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& name, const std::string& path,
                                     bool overwrite, Time now) {
  CHECK_OK(check_datastore_name(name));
  CHECK_OK(find_workspace(transaction, workspace));
  if (is_built_in_datastore(name))
    return Error(ErrorCode::kConflict, fmt::format("\"{}\" is a datastore of every workspace", name)).hint("take another name");
  auto& connection = transaction.connection();
  TRY(const auto known, connection.read_one("find_datastore", {workspace, name}, read_datastore));
  if (known && known->path != path && !overwrite)
    return Error(ErrorCode::kConflict, fmt::format("the datastore \"{}\" is there already, with the folder {}", name, known->path))
        .hint("take another name, or overwrite it");
  CHECK_OK(connection.execute("put_datastore", {workspace, name, path, now}));
  return find_datastore(connection, workspace, name);
}

Status set_default_datastore(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& name) {
  CHECK_OK(find_datastore(transaction, workspace, name));
  CHECK_OK(transaction.connection().execute("set_default_datastore", {workspace, name}));
  return ok();
}

Status remove_datastore(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& name) {
  TRY(const auto found, find_datastore(transaction, workspace, name));
  if (found.is_built_in()) return Error(ErrorCode::kConflict, fmt::format("\"{}\" is a datastore of every workspace and stays", name));
  CHECK_OK(transaction.connection().execute("remove_datastore", {workspace, name}));
  CHECK_OK(transaction.connection().execute("clear_default_datastore", {workspace, name}));
  return ok();
}

json::object to_json(const Dataset& dataset) {
  json::object body;
  body["id"] = dataset.id;
  body["name"] = dataset.name.empty() ? json::value(nullptr) : json::value(dataset.name);
  body["version"] = dataset.version == 0 ? json::value(nullptr) : json::value(dataset.version);
  body["description"] = dataset.description;
  body["tags"] = stoker::to_json(dataset.tags);
  body["created_at"] = format_time(dataset.created_at);
  for (auto& [key, value] : stoker::to_json(dataset.definition)) body[key] = std::move(value);
  return body;
}

Result<Dataset> save_dataset(db::Transaction& transaction, const WorkspaceId& workspace, const DatasetDefinition& definition, Time now) {
  const auto text = json::serialize(stoker::to_json(definition));
  const auto id = id_of(workspace, text);
  CHECK_OK(transaction.connection().execute("save_dataset", {workspace, id, text, now}));
  return find_dataset(transaction, workspace, id);
}

Result<Dataset> find_dataset(db::Connection& connection, const WorkspaceId& workspace, const std::string& id) {
  TRY(const auto row, connection.read_one("find_dataset", {workspace, id}, [](const db::Row& found) {
    return DatasetRow{found.text("id"), found.text("definition"), found.time("created_at")};
  }));
  if (!row) {
    CHECK_OK(find_workspace(connection, workspace));
    return Error(ErrorCode::kNotFound, fmt::format("the workspace has no dataset with the id \"{}\"", to_valid_utf8(id)));
  }
  Dataset dataset{.id = row->id, .definition = definition_of(row->definition), .created_at = row->created_at};
  const auto take = [&](const db::Row& found) {
    dataset.name = found.text("name");
    dataset.version = found.integer("version");
    dataset.description = found.text("description");
    dataset.tags = labels_from_text(found.borrowed_text("tags"));
    dataset.created_at = found.time("created_at");
    return true;
  };
  CHECK_OK(connection.read_one("latest_registration", {id}, take));
  return dataset;
}

Result<Dataset> find_registered(db::Connection& connection, const WorkspaceId& workspace, const std::string& name,
                                std::optional<std::int64_t> version) {
  TRY(auto latest, look_up_latest(connection, workspace, name));
  if (!latest) {
    CHECK_OK(find_workspace(connection, workspace));
    TRY(const auto others, list_registered(connection, workspace));
    return no_dataset(name, others);
  }
  if (!version || *version == latest->version) return std::move(*latest);
  TRY(auto found, connection.read_one("find_version", {workspace, name, *version}, read_version));
  if (found) return std::move(*found);
  return Error(ErrorCode::kNotFound, fmt::format("the dataset \"{}\" has no version {}", name, *version))
      .hint(fmt::format("the newest is {}", latest->version));
}

Result<std::vector<Dataset>> list_registered(db::Connection& connection, const WorkspaceId& workspace) {
  CHECK_OK(find_workspace(connection, workspace));
  return connection.read_all("list_versions", {workspace}, read_version);
}

Result<Dataset> register_dataset(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& id,
                                 const DataRegistration& registration, bool new_version, Time now) {
  CHECK_OK(check_dataset_name(registration.name));
  for (const auto& [key, value] : registration.tags) CHECK_OK(check_tag(key, value));
  CHECK_OK(find_dataset(transaction, workspace, id));
  TRY(auto latest, look_up_latest(transaction, workspace, registration.name));
  if (latest && latest->id == id) return std::move(*latest);
  if (latest && !new_version)
    return Error(ErrorCode::kConflict,
                 fmt::format("There is already a dataset registered under name \"{}\". Specify `create_new_version=True` to register the "
                             "dataset as a new version.",
                             registration.name));
  const auto version = latest ? latest->version + 1 : 1;
  CHECK_OK(transaction.connection().execute(
      "insert_version", {workspace, registration.name, version, id, registration.description, labels_to_text(registration.tags), now}));
  return find_registered(transaction, workspace, registration.name, version);
}

Result<Dataset> tag_dataset(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& name, std::int64_t version,
                            const std::map<std::string, std::string>& tags) {
  for (const auto& [key, value] : tags) CHECK_OK(check_tag(key, value));
  TRY(auto dataset, find_registered(transaction, workspace, name, version));
  for (const auto& [key, value] : tags) dataset.tags[key] = value;
  CHECK_OK(transaction.connection().execute("update_version", {workspace, name, version, dataset.description, labels_to_text(dataset.tags)}));
  return dataset;
}

Status unregister_dataset(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& name) {
  TRY(const auto changed, transaction.connection().execute("remove_versions", {workspace, name}));
  if (changed == 0) return find_registered(transaction, workspace, name, std::nullopt).error();
  return ok();
}

json::object to_json(const RunDataset& use) {
  return {{"relation", use.relation}, {"name", use.name}, {"mechanism", use.mechanism}, {"dataset", to_json(use.dataset)}};
}

Result<std::vector<RunDataset>> list_run_datasets(db::Connection& connection, const RunId& run) {
  return connection.read_all("list_run_datasets", {run}, [](const db::Row& row) {
    RunDataset use{.relation = row.text("relation"), .name = row.text("name"), .mechanism = {}, .dataset = {}};
    use.dataset.id = row.text("id");
    use.dataset.definition = definition_of(row.text("definition"));
    use.dataset.name = row.text("dataset_name");
    use.dataset.version = row.integer("version");
    use.mechanism = row.text("mechanism");
    return use;
  });
}

namespace {

Status note_use(db::Transaction& transaction, const RunId& run, std::string_view relation, const std::string& name, const Dataset& dataset,
                std::string_view mechanism) {
  CHECK_OK(transaction.connection().execute("add_run_dataset",
                                            {run, std::string(relation), name, dataset.id, dataset.name, dataset.version, std::string(mechanism)}));
  return ok();
}

}  // namespace

Status add_run_reference(db::Transaction& transaction, const RunId& run, const Dataset& dataset) {
  return note_use(transaction, run, "reference", dataset.name.empty() ? dataset.id : dataset.name, dataset, to_text(DataMode::kDirect));
}

Status add_run_inputs(db::Transaction& transaction, const Run& run) {
  for (const auto& binding : run.spec.data) {
    if (binding.role != DataRole::kInput) continue;
    TRY(const auto dataset, find_dataset(transaction, run.workspace, binding.dataset));
    CHECK_OK(note_use(transaction, run.id, "input", binding.name, dataset, to_text(binding.mode)));
  }
  return ok();
}

Status keep_run_outputs(db::Transaction& transaction, const Run& run, Time now) {
  for (const auto& binding : run.spec.data) {
    if (binding.role != DataRole::kOutput) continue;
    DatasetDefinition definition;
    definition.paths.push_back({.datastore = binding.datastore, .path = binding.path, .url = {}});
    TRY(auto dataset, save_dataset(transaction, run.workspace, definition, now));
    if (binding.registration) {
      TRY(dataset, register_dataset(transaction, run.workspace, dataset.id, *binding.registration, true, now));
    }
    CHECK_OK(note_use(transaction, run.id, "output", binding.name, dataset, to_text(binding.mode)));
  }
  return ok();
}

}  // namespace stoker::catalog
