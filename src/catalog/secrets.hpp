#pragma once
// Secrets of workspaces, sealed by whoever stores them (runs/secrets/vault): here they are opaque text.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "db/database.hpp"
#include "domain/ids.hpp"

namespace stoker::catalog {

struct Secret {
  std::string name;
  std::string sealed;
  Time created_at;
  Time updated_at;
};

/// Adds or overwrites. kNotFound: the workspace.
Status put_secret(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& name, const std::string& sealed, Time now);
/// kNotFound, with the nearest name.
Result<Secret> find_secret(db::Connection& connection, const WorkspaceId& workspace, const std::string& name);
/// By name.
Result<std::vector<Secret>> list_secrets(db::Connection& connection, const WorkspaceId& workspace);
/// kNotFound.
Status remove_secret(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& name);

}  // namespace stoker::catalog
