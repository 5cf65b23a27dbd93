#pragma once
// Runs. What a state may become is decided by runs/lifecycle; here it is only stored, by compare-and-set on (state, attempt), so that
// of two who decided on the same past one learns that it was too late.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "db/database.hpp"
#include "domain/ids.hpp"
#include "domain/run.hpp"

namespace stoker::catalog {

/// Stores a new run with its tags and properties. The caller sets everything but the three that are found here and returned in the
/// run: `experiment` (made when run.experiment_name is new in the workspace) and `number`. run.workspace must exist, run.id be new. Tags have been
/// checked: the limits of v1 are not those of MLflow.
/// kNotFound: workspace or spec.parent. kConflict: the id exists.
Result<Run> insert_run(db::Transaction& transaction, Run run, Random& random);

/// kNotFound, with the nearest of the newest ids.
Result<Run> find_run(db::Connection& connection, const RunId& id);
Result<std::optional<Run>> look_up_run(db::Connection& connection, const RunId& id);

/// The top of the run's tree: itself where it has no parent. kNotFound.
Result<RunId> find_root(db::Connection& connection, const RunId& id);

/// The few columns that decide whether a message still matters; far cheaper than the whole run.
struct RunMark {
  WorkspaceId workspace;
  RunKind kind = RunKind::kScript;
  RunState state = RunState::kNotStarted;
  int attempt = 0;
  bool cancel_requested = false;
  bool is_archived = false;
  std::int64_t journal_acked = 0;
};
Result<std::optional<RunMark>> look_up_run_mark(db::Connection& connection, const RunId& id);

/// Key and value of a tag or a property; no value: any.
using Label = std::pair<std::string, std::optional<std::string>>;
enum class RunView : std::uint8_t { kActive, kArchived, kAll };

struct RunFilter {
  std::optional<WorkspaceId> workspace;
  std::optional<ExperimentId> experiment;
  std::optional<RunId> parent;
  std::vector<RunState> states;  // empty: all
  std::string id_prefix;         // empty: all
  std::optional<RunKind> kind;
  RunView view = RunView::kActive;
  bool top_level_only = false;    // no children
  std::vector<Label> tags;        // all of them
  std::vector<Label> properties;  // all of them
};
struct RunPage {
  std::vector<Run> runs;                   // newest first
  std::optional<std::string> next_cursor;  // nullopt: that was all
};
/// At most `limit` (1 to 1000). `cursor` is a page's next_cursor under the same filter, empty for the first. kInvalidInput for another one.
/// The cost follows the page and not what is stored, but for ended states within an experiment or parent, kinds,
/// labels and archived runs of one experiment or parent, which read past the others.
Result<RunPage> list_runs(db::Connection& connection, const RunFilter& filter, std::size_t limit, const std::string& cursor = {});

/// By pk, in their order; one that is gone is left out.
Result<std::vector<Run>> read_runs_of(db::Connection& connection, const std::vector<std::int64_t>& pks);

/// Every run that has not ended, oldest first: what a server looks at when it starts.
Result<std::vector<Run>> live_runs(db::Connection& connection);
struct LiveCounts {
  std::int64_t waiting = 0;  // NotStarted and Queued
  std::int64_t active = 0;   // every other live state
};
Result<LiveCounts> count_live_runs(db::Connection& connection);

/// Compare-and-set: writes state, attempt, handle, gpu_indices, cancel_requested, cancel_by, started_at, ended_at, end, error and phases where state
/// and attempt are still the expected ones; false when they are not (or the run is not there). Never touches display_name, tags and properties;
/// journal_acked goes back to 0 with a new attempt.
Result<bool> update_run(db::Transaction& transaction, const Run& run, RunState expected_state, int expected_attempt);

/// The journal of `attempt` is durable up to `seq`. Never goes back; false when the attempt is over or `seq` is not news.
Result<bool> set_journal_acked(db::Transaction& transaction, const RunId& id, int attempt, std::int64_t seq);
/// These do nothing, and say false, when the run's attempt is another one.
Result<bool> set_phases(db::Transaction& transaction, const RunId& id, int attempt, const std::vector<Phase>& phases);
Result<bool> set_run_error(db::Transaction& transaction, const RunId& id, int attempt, const std::optional<RunError>& error);
/// The id of the next interactive child: `<parent>_<n>`, n from 1. kNotFound: the parent.
Result<RunId> next_child_id(db::Transaction& transaction, const RunId& parent);
/// From now on the silence of this interactive run means something.
Status set_watched(db::Transaction& transaction, const RunId& id);
/// These are kNotFound when the run is not there. nullopt brings it back.
Status set_archived(db::Transaction& transaction, const RunId& id, std::optional<Time> archived_at);
Status set_description(db::Transaction& transaction, const RunId& id, const std::string& description);
Status set_display_name(db::Transaction& transaction, const RunId& id, const std::string& display_name);

}  // namespace stoker::catalog
