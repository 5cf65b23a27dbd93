#pragma once
// From a path of the artifact root to what lies there: whose it is, whether this caller may have it, and the answers made from it.

#include "catalog/registry/artifacts.hpp"
#include "mlflow/routes.hpp"

namespace stoker::mlflow {

enum class Use : std::uint8_t { kRead, kWrite };

/// The owner's token reaches everything. A run's token reads what is its own or below it, files of its workspace that are no run's, and the files of
/// registered models; it writes its own, those below, and the logged models and traces of its experiment. kNotFound, kForbidden, "Invalid path".
io::Task<Result<catalog::ArtifactPlace>> reach_artifact(Request& request, std::string path, Use use);
/// A run's file by its path below the run. kNotFound: the run.
io::Task<Result<catalog::ArtifactPlace>> reach_run_artifact(Request& request, RunId run, std::string path, Use use);

/// The file's bytes as an attachment. kNotFound `No such artifact: '…'`.
io::Task<Result<api::Reply>> send_artifact(Request& request, catalog::ArtifactPlace place);
/// [FileInfo] of what lies directly in the folder, each path with `prefix` before it; the log of a run is one of its files.
io::Task<Result<json::array>> list_folder(Request& request, catalog::ArtifactPlace folder, std::string prefix);
/// The body of the request as the file.
io::Task<Status> store_artifact(Request& request, catalog::ArtifactPlace place, std::uint64_t limit);

/// The address that this workspace's clients know a path by, of the root: `mlflow-artifacts:/1/r-1/artifacts`.
io::Task<Result<std::string>> run_artifact_root(Request& request, RunId run);

}  // namespace stoker::mlflow
