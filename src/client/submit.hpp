#pragma once
// From a folder and a command to an accepted run: check everything at once, snapshot and upload what changed, take what a shell would
// give (inherited.hpp) and the state of git (git.hpp), then one POST with an idempotency key, so that no retry makes a second run.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/json.hpp"
#include "client/client.hpp"
#include "client/home.hpp"
#include "domain/run_spec.hpp"

namespace stoker::client {

struct SubmitRequest {
  /// As the user wants it; `snapshot`, `inherited`, git's properties, `submitted_by` and `source_directory` are filled in here.
  RunSpec spec;
  std::string source_directory;  // empty: no snapshot, the run begins in an empty folder
  bool has_inherited = false;    // spec.inherited is complete already
  bool with_git = true;
  bool is_same_machine = true;                    // programs and interpreters can be looked for here
  std::string idempotency_key;                    // empty: a random one
  Variables variables;                            // of the client
  std::string index_directory;                    // where the digests of unchanged files are remembered; empty: nowhere
  std::optional<std::uint64_t> max_source_bytes;  // of the source folder; kInputTooLarge beyond
};

/// How far the snapshot is; the totals are 0 until the folder has been walked.
struct SubmitProgress {
  std::uint64_t files = 0, total_files = 0;
  std::uint64_t bytes = 0, total_bytes = 0;
  std::uint64_t sent_bytes = 0;  // compressed
};
/// Called from other threads, one call at a time.
using ProgressSink = std::function<void(const SubmitProgress&)>;

/// Absolute, without `.`, `..` and a slash at the end.
std::string whole_path(const std::string& path);

/// Folder, script, program and interpreter, all mistakes at once. kScriptNotFound or kEnvironmentInvalid when that alone is wrong.
Status check_submit(const SubmitRequest& request);
/// The accepted run's record.
Result<json::object> submit(Client& client, SubmitRequest request, const ProgressSink& progress = {});

/// What a run without a program of ours keeps (interactive runs): its folder as a snapshot, and the state of git (git.hpp).
struct SourceRecord {
  SnapshotId snapshot;
  std::map<std::string, std::string> properties;
  std::optional<std::string> diff;
};
/// Of `request` the folder, the limit and the variables are used. kSourceInvalid, kInputTooLarge.
Result<SourceRecord> record_source(Client& client, SubmitRequest request, const ProgressSink& progress = {});

/// The workspace of the nearest v1 configuration file (config.json, also in .azureml and aml_config, up to 20 parents; spec 1.2);
/// nullopt when there is none. `found` gets its path.
Result<std::optional<WorkspaceName>> configured_workspace(const std::string& directory, std::string* found = nullptr);

}  // namespace stoker::client
