#pragma once
// The life of runs in the server: admission, the queue, dispatch to targets, cancel, and what follows from what supervisors say.
// The catalog is the truth; in memory there are only the live runs, as entries of a queue and as places that are taken.
// Started from the catalog alone: a restart of the server is a reconcile. Single loop; used by api/.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "catalog/catalog.hpp"
#include "catalog/provenance.hpp"
#include "logs/log_store.hpp"
#include "metrics/metric_store.hpp"
#include "runs/explain.hpp"
#include "runs/interactive/metric_intake.hpp"
#include "runs/known_runs.hpp"
#include "runs/metric_index.hpp"
#include "runs/run_feed.hpp"
#include "runs/supervisor_hub.hpp"
#include "targets/target.hpp"

namespace stoker::runs {

/// What the composition root passes in. Everything outlives the service.
struct Parts {
  io::Loop& loop;
  io::Pool& pool;
  const Clock& clock;
  Random& random;
  catalog::Catalog& catalog;
  logs::LogStore& logs;
  metrics::MetricStore& metrics;
  metrics::MetricStore& samples;  // what runs used, in the format of metrics
  RunFeed& feed;
  std::map<std::string, std::unique_ptr<targets::Target>> targets;  // by the name that a specification gives
  std::function<io::Task<Result<bool>>(SnapshotId)> snapshot_exists;
  std::function<std::string(const RunId& run, int attempt)> run_token;
  std::function<std::string()> server_url;
  std::string server_instance;
  std::string secret;     // key of what is sealed for the disk
  bool personal = false;  // an unknown workspace is made, not refused
};

/// A run that somebody wants to submit.
struct Submission {
  RunSpec spec;
  std::optional<catalog::RunDiff> diff;  // uncommitted changes of its source, already in the object store
};

/// An interactive run that somebody wants to begin: a specification without a program. A child without a source of its own has its parent's:
/// snapshot, git's properties and diff.
struct InteractiveWish {
  RunSpec spec;
  std::optional<catalog::RunDiff> diff;
  std::optional<RunId> id;  // nullopt: a GUID, for a child `<parent>_<n>`
  bool is_open = true;      // false: NotStarted until open()
  // As an MLflow client says it.
  std::optional<Time> started_at;           // nullopt: now
  std::optional<std::string> user;          // nullopt: of submitted_by
  std::map<std::string, std::string> tags;  // beside those of the specification, of any length
  bool parent_may_have_ended = false;
};

/// What a client says of a run at any time, also of one that has ended: MLflow's update.
struct Word {
  std::optional<RunState> state;  // Running, Completed, Failed, Canceled
  std::optional<Time> ended_at;   // nullopt: now
  std::string by;
};

/// For GET /server.
struct Counts {
  std::int64_t queued = 0;
  std::int64_t running = 0;  // placed and not ended
  int cpus = 0, cpus_used = 0, gpus = 0, gpus_used = 0;
};

class Secrets;

class RunService {
 public:
  explicit RunService(Parts parts);
  ~RunService();
  RunService(const RunService&) = delete;
  RunService& operator=(const RunService&) = delete;

  /// Loads the live runs, then dispatches, watches and reconciles in the background. Before the server listens.
  io::Task<Status> start();
  /// Ends the background work and flushes what was received. Runs and supervisors go on.
  io::Task<void> stop();

  /// Durable when it returns. All mistakes at once. The same key gives the same run.
  /// kInvalidInput, kEnvironmentInvalid, kTargetRejected (larger than the target), kNotFound (workspace, parent, snapshot), kStorageFull.
  io::Task<Result<Run>> submit(Submission submission, std::optional<std::string> idempotency_key);
  /// All or none; mistakes have paths under "runs[3]".
  io::Task<Result<std::vector<Run>>> submit_batch(std::vector<Submission> submissions);
  /// The run as it is after the request: Canceled at once when it was not placed, else CancelRequested. A canceled run: itself.
  /// kNotFound; kWrongState when it ended otherwise.
  io::Task<Result<Run>> cancel(RunId run, std::string by);
  io::Task<Result<Explanation>> explain(RunId run);

  /// Durable when it returns; all or none, in order. The same key gives the same runs. kNotFound, kWrongState: the parent (it has ended);
  /// kConflict: an id is taken; kInvalidInput: a snapshot is not there.
  io::Task<Result<std::vector<Run>>> begin_interactive(std::vector<InteractiveWish> wishes, std::optional<std::string> idempotency_key);
  /// NotStarted becomes Running; one that was begun: itself. kWrongState: it has ended, or it is not interactive (so below too).
  io::Task<Result<Run>> open_interactive(RunId run);
  /// Completed, or Failed with the error. The same end again: the run as it is; kWrongState after another end.
  io::Task<Result<Run>> end_interactive(RunId run, bool well, std::optional<RunError> error);
  /// Of an interactive run the word counts, and may bring it back. Of one that has a supervisor it is noted, and settled at the end.
  io::Task<Result<Run>> note_word(RunId run, Word word);
  /// From now on the run's silence means something. The state as it is; one that has ended is no error.
  io::Task<Result<RunState>> heartbeat(RunId run);
  /// Metrics from outside of the journal, of any live run; on disk when it is ok. The same call of the writer again changes nothing, also after the
  /// run's end. kWrongState: it has ended; kConflict: a call of the writer is missing.
  io::Task<Status> log_metrics(RunId run, MetricCall call);
  /// The same in no numbered call; whether the run may be written to has been asked (known_runs). On disk when it is ok.
  io::Task<Status> log_points(RunId run, std::vector<MetricPoint> points);
  /// Something was written for the run: its client is there.
  io::Task<Status> heard(RunId run);

  /// For good, with rows, events, log and metrics. kNotFound; kWrongState: it (or one below) has not ended; kConflict: it has children.
  io::Task<Status> remove(RunId run, bool with_children);
  /// kConflict: it has runs, or with `with_runs` live ones.
  io::Task<Status> remove_workspace(WorkspaceId workspace, bool with_runs);

  Counts counts() const;
  Secrets& secrets();
  SupervisorHub& hub();
  RunFeed& feed();
  KnownRuns& known();
  MetricIndex& metric_index();
  const targets::Target* target(const std::string& name) const;
  std::vector<std::string> target_names() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stoker::runs
