#include "api/handlers/experiments.hpp"
#include "api/handlers/interactive.hpp"
#include "api/handlers/run_files.hpp"
#include "api/handlers/run_follow.hpp"
#include "api/handlers/run_keeping.hpp"
#include "api/handlers/run_log.hpp"
#include "api/handlers/run_metrics.hpp"
#include "api/handlers/run_record.hpp"
#include "api/handlers/runs.hpp"
#include "api/handlers/secrets.hpp"
#include "api/handlers/server.hpp"
#include "api/handlers/snapshots.hpp"
#include "api/handlers/supervisors.hpp"
#include "api/handlers/workspaces.hpp"
#include "api/router.hpp"

namespace stoker::api {
namespace {

constexpr auto kReader = Access::kReader;
constexpr auto kRunReader = Access::kReader | Access::kRun;
constexpr auto kOwner = Access::kOwner;
constexpr auto kRunOwner = Access::kOwner | Access::kRun;

std::vector<Route> make_routes() {
  std::vector<Route> table;
  const auto add = [&table](Route route) { table.push_back(std::move(route)); };
  add(route<GetHealth>(Method::kGet, "/healthz", Access::kPublic, "get_health"));
  add(route<GetOpenApi>(Method::kGet, "/api/v1/openapi.json", Access::kPublic, "get_openapi"));
  add(route<GetServer>(Method::kGet, "/api/v1/server", kReader, "get_server"));
  add(route<CheckServer>(Method::kGet, "/api/v1/server/check", kReader, "check_server"));
  add(route<StopServer>(Method::kPost, "/api/v1/server/stop", kOwner, "stop_server"));

  add(route<ListWorkspaces>(Method::kGet, "/api/v1/workspaces", kReader, "list_workspaces"));
  add(route<CreateWorkspace>(Method::kPost, "/api/v1/workspaces", kOwner, "create_workspace"));
  add(route<GetWorkspace>(Method::kGet, "/api/v1/workspaces/{workspace}", kRunReader, "get_workspace"));
  add(route<UpdateWorkspace>(Method::kPatch, "/api/v1/workspaces/{workspace}", kOwner, "update_workspace"));
  add(route<DeleteWorkspace>(Method::kDelete, "/api/v1/workspaces/{workspace}", kOwner, "delete_workspace"));
  add(route<ListSecrets>(Method::kGet, "/api/v1/workspaces/{workspace}/secrets", kOwner | Access::kRun, "list_secrets"));
  add(route<GetSecret>(Method::kGet, "/api/v1/workspaces/{workspace}/secrets/{name}", kOwner | Access::kRun, "get_secret"));
  add(route<PutSecret>(Method::kPut, "/api/v1/workspaces/{workspace}/secrets/{name}", kOwner, "put_secret"));
  add(route<DeleteSecret>(Method::kDelete, "/api/v1/workspaces/{workspace}/secrets/{name}", kOwner, "delete_secret"));
  add(route<ListExperiments>(Method::kGet, "/api/v1/workspaces/{workspace}/experiments", kReader, "list_experiments"));
  add(route<CreateExperiment>(Method::kPost, "/api/v1/workspaces/{workspace}/experiments", kOwner, "create_experiment"));
  add(route<GetExperiment>(Method::kGet, "/api/v1/workspaces/{workspace}/experiments/{name}", kRunReader, "get_experiment"));
  add(route<UpdateExperiment>(Method::kPatch, "/api/v1/workspaces/{workspace}/experiments/{name}", kOwner, "update_experiment"));
  add(route<DeleteExperiment>(Method::kDelete, "/api/v1/workspaces/{workspace}/experiments/{name}", kOwner, "delete_experiment"));

  add(route<ListRuns>(Method::kGet, "/api/v1/runs", kReader, "list_runs"));
  add(route<SubmitRun>(Method::kPost, "/api/v1/runs", kRunOwner, "submit_run"));
  add(route<SubmitRuns>(Method::kPost, "/api/v1/runs/batch", kRunOwner, "submit_runs"));
  add(route<BeginRuns>(Method::kPost, "/api/v1/runs/interactive", kRunOwner, "begin_runs"));
  add(route<GetRun>(Method::kGet, "/api/v1/runs/{run}", kRunReader, "get_run"));
  add(route<UpdateRun>(Method::kPatch, "/api/v1/runs/{run}", kRunOwner, "update_run"));
  add(route<DeleteRun>(Method::kDelete, "/api/v1/runs/{run}", kOwner, "delete_run"));
  add(route<ArchiveRun>(Method::kPost, "/api/v1/runs/{run}/archive", kOwner, "archive_run"));
  add(route<RestoreRun>(Method::kPost, "/api/v1/runs/{run}/restore", kOwner, "restore_run"));
  add(route<CancelRun>(Method::kPost, "/api/v1/runs/{run}/cancel", kRunOwner, "cancel_run"));
  add(route<StartRun>(Method::kPost, "/api/v1/runs/{run}/start", kRunOwner, "start_run"));
  add(route<EndRun>(Method::kPost, "/api/v1/runs/{run}/end", kRunOwner, "end_run"));
  add(route<Heartbeat>(Method::kPost, "/api/v1/runs/{run}/heartbeat", kRunOwner, "heartbeat"));
  add(route<ExplainRun>(Method::kGet, "/api/v1/runs/{run}/explain", kRunReader, "explain_run"));
  add(route<ListEvents>(Method::kGet, "/api/v1/runs/{run}/events", kRunReader, "list_events"));
  add(route<ListChildren>(Method::kGet, "/api/v1/runs/{run}/children", kRunReader, "list_children"));
  add(route<GetMetrics>(Method::kGet, "/api/v1/runs/{run}/metrics", kRunReader, "get_metrics"));
  add(route<LogMetrics>(Method::kPost, "/api/v1/runs/{run}/metrics", kRunOwner, "log_metrics"));
  add(route<GetLog>(Method::kGet, "/api/v1/runs/{run}/log", kRunReader, "get_log"));
  add(route<GetLogSpans>(Method::kGet, "/api/v1/runs/{run}/log/spans", kRunReader, "get_log_spans"));
  add(route<FollowRun>(Method::kGet, "/api/v1/runs/{run}/follow", kRunReader, "follow_run"));
  add(route<ListFiles>(Method::kGet, "/api/v1/runs/{run}/files", kRunReader, "list_files"));
  add(route<GetFile>(Method::kGet, "/api/v1/runs/{run}/files/{path...}", kRunReader | Access::kLink, "get_file"));
  add(route<GetDiff>(Method::kGet, "/api/v1/runs/{run}/diff", kRunReader, "get_diff"));
  add(route<GetEnvironment>(Method::kGet, "/api/v1/runs/{run}/environment", kRunReader, "get_environment"));
  add(route<PutEnvironment>(Method::kPut, "/api/v1/runs/{run}/environment", kRunOwner, "put_environment"));
  add(route<GetSamples>(Method::kGet, "/api/v1/runs/{run}/samples", kRunReader, "get_samples"));
  add(route<PutFile>(Method::kPut, "/api/v1/runs/{run}/files/{path...}", kRunOwner | Access::kSupervisor, "put_file"));

  // A run's token may bring the source of the runs that it makes; it reads no snapshot.
  add(route<CommitSnapshot>(Method::kPost, "/api/v1/snapshots", kRunOwner, "commit_snapshot"));
  add(route<FindMissing>(Method::kPost, "/api/v1/snapshots/missing", kRunOwner, "find_missing"));
  add(route<AddPack>(Method::kPost, "/api/v1/snapshots/packs", kRunOwner, "add_pack"));
  add(route<GetSnapshot>(Method::kGet, "/api/v1/snapshots/{snapshot}", kReader, "get_snapshot"));
  add(route<GetPack>(Method::kGet, "/api/v1/snapshots/{snapshot}/pack", kReader | Access::kSupervisor, "get_pack"));
  add(route<GetSnapshotFile>(Method::kGet, "/api/v1/snapshots/{snapshot}/file/{path...}", kReader, "get_snapshot_file"));
  add(route<DiffSnapshots>(Method::kGet, "/api/v1/snapshots/{snapshot}/diff/{other}", kReader, "diff_snapshots"));

  add(route<ConnectSupervisor>(Method::kGet, "/api/v1/supervisors/connect", Access::kSupervisor, "connect_supervisor"));
  return table;
}

}  // namespace

std::span<const Route> routes() {
  static const std::vector<Route> table = make_routes();
  return table;
}

}  // namespace stoker::api
