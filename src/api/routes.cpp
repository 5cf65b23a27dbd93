#include "api/handlers/experiments.hpp"
#include "api/handlers/run_files.hpp"
#include "api/handlers/run_follow.hpp"
#include "api/handlers/run_log.hpp"
#include "api/handlers/runs.hpp"
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
  add(route<GetWorkspace>(Method::kGet, "/api/v1/workspaces/{workspace}", kReader, "get_workspace"));
  add(route<ListExperiments>(Method::kGet, "/api/v1/workspaces/{workspace}/experiments", kReader, "list_experiments"));
  add(route<CreateExperiment>(Method::kPost, "/api/v1/workspaces/{workspace}/experiments", kOwner, "create_experiment"));
  add(route<GetExperiment>(Method::kGet, "/api/v1/workspaces/{workspace}/experiments/{name}", kReader, "get_experiment"));

  add(route<ListRuns>(Method::kGet, "/api/v1/runs", kReader, "list_runs"));
  add(route<SubmitRun>(Method::kPost, "/api/v1/runs", kRunOwner, "submit_run"));
  add(route<SubmitRuns>(Method::kPost, "/api/v1/runs/batch", kRunOwner, "submit_runs"));
  add(route<GetRun>(Method::kGet, "/api/v1/runs/{run}", kRunReader, "get_run"));
  add(route<UpdateRun>(Method::kPatch, "/api/v1/runs/{run}", kRunOwner, "update_run"));
  add(route<CancelRun>(Method::kPost, "/api/v1/runs/{run}/cancel", kRunOwner, "cancel_run"));
  add(route<ExplainRun>(Method::kGet, "/api/v1/runs/{run}/explain", kRunReader, "explain_run"));
  add(route<ListEvents>(Method::kGet, "/api/v1/runs/{run}/events", kRunReader, "list_events"));
  add(route<ListChildren>(Method::kGet, "/api/v1/runs/{run}/children", kRunReader, "list_children"));
  add(route<GetMetrics>(Method::kGet, "/api/v1/runs/{run}/metrics", kRunReader, "get_metrics"));
  add(route<GetLog>(Method::kGet, "/api/v1/runs/{run}/log", kRunReader, "get_log"));
  add(route<FollowRun>(Method::kGet, "/api/v1/runs/{run}/follow", kRunReader, "follow_run"));
  add(route<ListFiles>(Method::kGet, "/api/v1/runs/{run}/files", kRunReader, "list_files"));
  add(route<GetFile>(Method::kGet, "/api/v1/runs/{run}/files/{path...}", kRunReader, "get_file"));
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
