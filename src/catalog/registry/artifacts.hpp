#pragma once
// MLflow's artifact root over what we keep: `<experiment's number>/<run>/artifacts/<path>` is the file <path> of that run (files.hpp), any other path
// a file of the workspace. The one place that turns an artifact's path into rows; nothing here becomes a path on the disk.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/result.hpp"
#include "db/database.hpp"
#include "domain/ids.hpp"

namespace stoker::catalog {

struct Artifact {
  std::string path;  // below the place's owner, `/` between parts
  std::int64_t size_bytes = 0;
  Digest sha256;  // of the content
  Digest object;  // where the object store has it
  Time created_at;
};

/// Whose file it is, and its path there. An empty path is the root.
struct ArtifactPlace {
  WorkspaceId workspace;
  std::optional<RunId> run;
  std::string path;
};
/// `path` from the root of the workspace's artifacts; it has been checked.
Result<ArtifactPlace> place_artifact(db::Connection& connection, const WorkspaceId& workspace, std::string_view path);
/// `<number>/<run>/artifacts`. kNotFound: the run, or it is of another workspace.
Result<std::string> artifact_root_of(db::Connection& connection, const WorkspaceId& workspace, const RunId& run);

Result<std::optional<Artifact>> look_up_artifact(db::Connection& connection, const ArtifactPlace& place);

struct ArtifactEntry {
  std::string name;
  bool is_folder = false;
  std::int64_t size_bytes = 0;  // of a file
  friend auto operator<=>(const ArtifactEntry&, const ArtifactEntry&) = default;
};
/// What lies directly in the folder, by name; empty for a file and for nothing. Costs what it gives: folders are stepped over.
Result<std::vector<ArtifactEntry>> list_artifacts(db::Connection& connection, const ArtifactPlace& folder);
/// The file itself, or everything below the folder; by path. kInputTooLarge above `limit`.
Result<std::vector<Artifact>> artifacts_at(db::Connection& connection, const ArtifactPlace& place, std::size_t limit);

/// Replaces what is there. kInvalidInput where a folder is, or where a part of the path is a file.
Status put_artifact(db::Transaction& transaction, const ArtifactPlace& place, const Artifact& artifact);
/// The file, or the folder with all that is in it; ok when there is none. The root is refused.
Status remove_artifacts(db::Transaction& transaction, const ArtifactPlace& place);
/// The same contents at `to`, a path of the workspace: the run's file `path`, or its folder with all that is in it. How many files.
Result<std::int64_t> copy_artifacts_of_run(db::Transaction& transaction, const ArtifactPlace& from, const std::string& to, Time now);

/// A file or folder of the workspace under another name, which is new. How many files.
Result<std::int64_t> move_artifacts(db::Transaction& transaction, const ArtifactPlace& from, const std::string& to);

}  // namespace stoker::catalog
