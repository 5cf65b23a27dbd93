#pragma once
// Runs as MLflow's clients see them, with what they log; and what writes that. Runs are named by their pk, which find_tracked gives.

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "catalog/tracking/latest_metrics.hpp"
#include "db/database.hpp"
#include "domain/ids.hpp"
#include "domain/run.hpp"

namespace stoker::catalog {

using KeyValues = std::vector<std::pair<std::string, std::string>>;

struct InputDataset {
  std::string name, digest, source_type, source;
  std::optional<std::string> schema, profile;
  KeyValues tags;
};
struct ModelOutput {
  std::string model_id;
  std::int64_t step = 0;
};

struct TrackedRun {
  std::int64_t pk = 0;
  RunId id;
  RunKind kind = RunKind::kScript;
  RunState state = RunState::kNotStarted;
  std::string name, user;
  Time started_at;  // made, for one that has not begun
  std::optional<Time> ended_at;
  bool is_archived = false;
  std::int64_t experiment_number = 0;
  std::string experiment_location;  // as given; empty: the default root
  std::optional<RunId> parent;
  KeyValues params;
  std::map<std::string, std::string> tags;
  std::vector<LatestMetric> metrics;  // from the index; a NaN as NaN
  std::vector<InputDataset> inputs;   // in order of logging
  std::vector<std::string> model_inputs;
  std::vector<ModelOutput> model_outputs;
};

/// nullopt: the workspace has no such run.
Result<std::optional<std::int64_t>> find_tracked(db::Connection& connection, const WorkspaceId& workspace, const RunId& run);
/// In the order of `pks`, with everything; a run that is gone is left out. Eight queries for any number of runs.
Result<std::vector<TrackedRun>> read_tracked(db::Connection& connection, std::span<const std::int64_t> pks);

/// A param that has another value already.
struct ParamConflict {
  std::string key, old_value, new_value;
};
/// The same value again is fine. Where there are conflicts the caller must return an error, which undoes the rest.
Result<std::vector<ParamConflict>> add_params(db::Transaction& transaction, std::int64_t run_pk, const KeyValues& params);

/// By MLflow's limits, which the caller has checked. The last of a key wins.
Status put_tags(db::Transaction& transaction, std::int64_t run_pk, const KeyValues& tags);
/// nullopt: there is none.
Result<std::optional<std::string>> find_tag(db::Connection& connection, std::int64_t run_pk, const std::string& key);
/// False: there was none.
Result<bool> remove_tag(db::Transaction& transaction, std::int64_t run_pk, const std::string& key);

/// The first to log a data set in the experiment, and a link in the run, says what it is.
Status add_inputs(db::Transaction& transaction, std::int64_t run_pk, const std::vector<InputDataset>& inputs);
/// The same again changes nothing, but the step of an output.
Status put_models(db::Transaction& transaction, std::int64_t run_pk, bool are_outputs, const std::vector<ModelOutput>& models);

struct DatasetSummary {
  std::int64_t experiment_number = 0;
  std::string name, digest;
  std::optional<std::string> context;
};
/// Every name, digest and context once, at most `limit`.
Result<std::vector<DatasetSummary>> dataset_summaries(db::Connection& connection, const WorkspaceId& workspace,
                                                      std::span<const std::int64_t> experiment_numbers, std::size_t limit);

}  // namespace stoker::catalog
