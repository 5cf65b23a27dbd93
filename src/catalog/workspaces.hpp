#pragma once
// Workspaces: (subscription, resource group, name). Every experiment and run belongs to one.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "db/database.hpp"
#include "domain/ids.hpp"
#include "domain/run_spec.hpp"

namespace stoker::catalog {

struct Workspace {
  WorkspaceId id;
  WorkspaceName name;
  std::string friendly_name, description;  // for people; may be empty
  Time created_at;
  std::map<std::string, std::string> tags;
};

json::object to_json(const Workspace& workspace);

/// kNotFound with what to do about it.
Result<Workspace> find_workspace(db::Connection& connection, const WorkspaceId& id);
/// The same by name; the hint holds the command that would create it.
Result<Workspace> find_workspace(db::Connection& connection, const WorkspaceName& name);
/// nullopt when there is none, for those who would create it.
Result<std::optional<Workspace>> look_up_workspace(db::Connection& connection, const WorkspaceName& name);
/// Oldest first.
Result<std::vector<Workspace>> list_workspaces(db::Connection& connection);
/// kConflict when the name is taken; kInvalidInput for a name that is none.
Result<Workspace> create_workspace(db::Transaction& transaction, const WorkspaceName& name, Time now, Random& random);
Result<Workspace> get_or_create_workspace(db::Transaction& transaction, const WorkspaceName& name, Time now, Random& random);

/// Writes friendly_name, description and tags. kInvalidInput: a tag; kNotFound.
Status update_workspace(db::Transaction& transaction, const Workspace& workspace);
/// With its experiments and secrets. kConflict: it has runs.
Status remove_workspace(db::Transaction& transaction, const WorkspaceId& id);
Result<std::optional<RunId>> live_run_of_workspace(db::Connection& connection, const WorkspaceId& id);
/// Newest first, so children before their parents.
Result<std::vector<RunId>> newest_runs_of_workspace(db::Connection& connection, const WorkspaceId& id, std::size_t limit);

}  // namespace stoker::catalog
