#pragma once
// Registered models and their versions: one registry for MLflow's clients and for v1's `Model`. A model is a name; its versions are numbered from 1,
// and a number is not used again while the model is there. Errors say what MLflow's clients compare.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "db/database.hpp"
#include "domain/ids.hpp"

namespace stoker::catalog {

using Labels = std::map<std::string, std::string>;

struct ModelVersion {
  std::int64_t pk = 0, model_pk = 0;
  std::string model;
  std::int64_t version = 0;
  Time created_at, updated_at;
  std::string stage;        // None, Staging, Production, Archived
  std::string description;  // empty: none
  std::string source;       // as it was given
  std::string storage;      // where the files are; of ours: `mlflow-artifacts:/<path>`
  RunId run;                // empty: none; it may be gone
  std::string run_link;
  std::string logged_model;  // id; empty: none
  std::string created_by;
  Labels properties;     // v1: written once
  json::object details;  // v1: what else it says of a model
  Labels tags;
  std::vector<std::string> aliases;
};

struct RegisteredModel {
  std::int64_t pk = 0;
  std::string name;
  Time created_at, updated_at;
  std::string description;  // empty: none
  std::int64_t version_count = 0;
  Labels tags;
  std::vector<std::pair<std::string, std::int64_t>> aliases;
  std::vector<ModelVersion> latest;  // of each stage the highest number, by stage
};

/// kConflict: the name is taken.
Result<RegisteredModel> create_model(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& name,
                                     const std::string& description, const Labels& tags, Time now);
/// With its tags, aliases and latest versions. kNotFound.
Result<RegisteredModel> find_model(db::Connection& connection, const WorkspaceId& workspace, const std::string& name);
/// By name, with tags; without aliases and versions, which `complete` adds.
Result<std::vector<RegisteredModel>> list_models(db::Connection& connection, const WorkspaceId& workspace);
Status complete(db::Connection& connection, std::vector<RegisteredModel>& models);
Status describe_model(db::Transaction& transaction, const RegisteredModel& model, const std::string& description, Time now);
/// kConflict: the new name is taken.
Status rename_model(db::Transaction& transaction, const WorkspaceId& workspace, const RegisteredModel& model, const std::string& name, Time now);
Status remove_model(db::Transaction& transaction, const RegisteredModel& model);
Status set_model_tag(db::Transaction& transaction, const RegisteredModel& model, const std::string& key, const std::string& value);
Status remove_model_tag(db::Transaction& transaction, const RegisteredModel& model, const std::string& key);
/// Moves the alias when another version has it. kNotFound: the version.
Status set_model_alias(db::Transaction& transaction, const WorkspaceId& workspace, const RegisteredModel& model, const std::string& alias,
                       std::int64_t version);
Status remove_model_alias(db::Transaction& transaction, const RegisteredModel& model, const std::string& alias);

/// The next version of the model. Set by the caller: everything but pk, version, times, stage and aliases. kNotFound: the model.
Result<ModelVersion> create_version(db::Transaction& transaction, const WorkspaceId& workspace, ModelVersion version, Time now);
/// kNotFound, for the model as well.
Result<ModelVersion> find_version(db::Connection& connection, const WorkspaceId& workspace, const std::string& name, std::int64_t version);
/// All versions, those of one model, or of one run: newest first, with tags and aliases.
struct VersionChoice {
  std::optional<std::string> model;
  std::optional<RunId> run;
};
Result<std::vector<ModelVersion>> list_versions(db::Connection& connection, const WorkspaceId& workspace, const VersionChoice& choice);
/// Writes description, stage, properties and details.
Status update_version(db::Transaction& transaction, const ModelVersion& version, Time now);
Status remove_version(db::Transaction& transaction, const ModelVersion& version, Time now);
Status set_version_tag(db::Transaction& transaction, const ModelVersion& version, const std::string& key, const std::string& value);
Status remove_version_tag(db::Transaction& transaction, const ModelVersion& version, const std::string& key);

}  // namespace stoker::catalog
