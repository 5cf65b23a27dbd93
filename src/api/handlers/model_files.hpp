#pragma once
// Where the files of a version are. A version registered here has names of its own for the contents, below `assets/` of the artifact root; one that
// an MLflow client registered points to a run's files or a logged model's.

#include "catalog/registry/artifacts.hpp"
#include "catalog/registry/models.hpp"

namespace stoker::api {

/// `version`: a number, or `latest`. kNotFound with a near name.
Result<catalog::ModelVersion> find_model_version(db::Connection& connection, const WorkspaceId& workspace, const std::string& name,
                                                 const std::string& version);

struct NewModel {
  WorkspaceId workspace;
  std::optional<RunId> run;
  std::optional<std::string> upload;
  std::string path;   // below the run or the upload; `./` before and `/` behind count for nothing
  std::string place;  // a new name below assets/
  Time now;
  catalog::ModelVersion version;
};
/// kNotFound: the run, or nothing lies at the path; then the mistakes list what there is.
Result<catalog::ModelVersion> register_model(db::Transaction& transaction, NewModel model);

/// The names that the version has for its contents, where they are its own.
Status forget_model_files(db::Transaction& transaction, const WorkspaceId& workspace, const catalog::ModelVersion& version);

}  // namespace stoker::api
