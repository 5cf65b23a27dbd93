#pragma once
// Beyond the kind of token: does it reach the very run that is asked for, and is it still good? A run's token reaches its own run and
// those below it, reads the records of those above it, and writes only while its attempt is the live one. A supervisor's token reaches the run whose
// attempt it has.

#include "api/call.hpp"
#include "api/router.hpp"

namespace stoker::api {

/// For routes with a `{run}`. kForbidden, also where there is no such run: a run's token learns nothing about others.
io::Task<Status> check_reach(Call& call, const Route& route);

/// For a run that the path does not name. Only a run's token is held to it.
io::Task<Status> check_run_reach(Call& call, RunId run, bool write);

/// `run` is `ancestor` or has it above.
io::Task<Result<bool>> is_at_or_below(catalog::Catalog& catalog, RunId ancestor, RunId run);

/// May this caller make runs? Those of a run's token hang below it, in its workspace; on a server of root only root submits over TCP.
io::Task<Status> check_submitter(Call& call, const std::vector<RunSpec>& specs);

/// For what belongs to a workspace: a run's token reaches its own.
io::Task<Status> check_workspace(Call& call, WorkspaceId workspace);
/// The same for an experiment: a run's token reaches that of its run.
io::Task<Status> check_experiment(Call& call, WorkspaceId workspace, std::string experiment);

}  // namespace stoker::api
