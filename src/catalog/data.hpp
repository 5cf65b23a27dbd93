#pragma once
// Datastores and datasets of workspaces, and which datasets runs read and wrote. Names, places and definitions; the files are where the datastores
// are.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "db/database.hpp"
#include "domain/data.hpp"
#include "domain/ids.hpp"
#include "domain/run.hpp"

namespace stoker::catalog {

/// Those of every workspace, the default one first.
inline constexpr std::string_view kBuiltInDatastores[] = {"workspaceblobstore", "workspacefilestore", "workspaceartifactstore",
                                                          "workspaceworkingdirectory"};
bool is_built_in_datastore(std::string_view name);

struct Datastore {
  std::string name;
  std::string path;  // absolute; empty for a built-in one, whose folder the server knows
  bool is_default = false;
  std::optional<Time> created_at;  // nullopt for a built-in one
  bool is_built_in() const { return path.empty(); }
};

/// The built-in ones, then the registered ones by name. kNotFound: the workspace.
Result<std::vector<Datastore>> list_datastores(db::Connection& connection, const WorkspaceId& workspace);
/// Empty name: the default one. kNotFound, with the nearest name.
Result<Datastore> find_datastore(db::Connection& connection, const WorkspaceId& workspace, const std::string& name);
/// kConflict: the name is taken by another folder and `overwrite` is false, or is a built-in one's. kInvalidInput: the name.
Result<Datastore> register_datastore(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& name, const std::string& path,
                                     bool overwrite, Time now);
Status set_default_datastore(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& name);
/// kConflict: a built-in one. One that was the default leaves that to workspaceblobstore.
Status remove_datastore(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& name);

/// A definition as it is stored, with the registration it was found by (of several, the newest).
struct Dataset {
  std::string id;  // GUID made from workspace and definition
  DatasetDefinition definition;
  std::string name;          // empty: not registered
  std::int64_t version = 0;  // 0: not registered
  std::string description;
  std::map<std::string, std::string> tags;
  Time created_at;  // of the registration, or of the definition
};
json::object to_json(const Dataset& dataset);

/// Stores a definition; the same again is the same dataset.
Result<Dataset> save_dataset(db::Transaction& transaction, const WorkspaceId& workspace, const DatasetDefinition& definition, Time now);
/// kNotFound.
Result<Dataset> find_dataset(db::Connection& connection, const WorkspaceId& workspace, const std::string& id);
/// nullopt: the newest version. kNotFound, with the nearest name or the versions that there are.
Result<Dataset> find_registered(db::Connection& connection, const WorkspaceId& workspace, const std::string& name,
                                std::optional<std::int64_t> version);
/// All versions of all names, by name and version.
Result<std::vector<Dataset>> list_registered(db::Connection& connection, const WorkspaceId& workspace);
/// The version with this content where the newest has it; else a new one. kConflict: there is one with other content, and `new_version` is false.
Result<Dataset> register_dataset(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& id,
                                 const DataRegistration& registration, bool new_version, Time now);
/// Adds tags to a version and returns it.
Result<Dataset> tag_dataset(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& name, std::int64_t version,
                            const std::map<std::string, std::string>& tags);
/// kNotFound.
Status unregister_dataset(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& name);

struct RunDataset {
  std::string relation;  // input, reference, output
  std::string name;
  std::string mechanism;
  Dataset dataset;  // name and version as they were then
};
json::object to_json(const RunDataset& use);
Result<std::vector<RunDataset>> list_run_datasets(db::Connection& connection, const RunId& run);
/// A dataset that the run's script uses without having declared it.
Status add_run_reference(db::Transaction& transaction, const RunId& run, const Dataset& dataset);
/// The inputs of a new run. kNotFound: a dataset.
Status add_run_inputs(db::Transaction& transaction, const Run& run);
/// The outputs of a run that completed: saved, registered where that was asked for, and noted.
Status keep_run_outputs(db::Transaction& transaction, const Run& run, Time now);

}  // namespace stoker::catalog
