#include "catalog/secrets.hpp"

#include <fmt/format.h>

#include "base/suggest.hpp"
#include "catalog/workspaces.hpp"

namespace stoker::catalog {
namespace {

Secret read_secret(const db::Row& row) { return {row.text("name"), row.text("sealed"), row.time("created_at"), row.time("updated_at")}; }

}  // namespace

Status put_secret(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& name, const std::string& sealed, Time now) {
  TRY(const auto changed, transaction.connection().execute("put_secret", {workspace, name, sealed, now}));
  if (changed == 0) return find_workspace(transaction, workspace).error();
  return ok();
}

Result<Secret> find_secret(db::Connection& connection, const WorkspaceId& workspace, const std::string& name) {
  TRY(auto found, connection.read_one("find_secret", {workspace, name}, read_secret));
  if (found) return std::move(*found);
  CHECK_OK(find_workspace(connection, workspace));
  TRY(const auto others, list_secrets(connection, workspace));
  std::vector<std::string> names;
  for (const auto& other : others) names.push_back(other.name);
  auto hint = did_you_mean(name, names);
  if (hint.empty()) hint = "`stoker secret list` shows the names";
  return Error(ErrorCode::kNotFound, fmt::format("the workspace has no secret \"{}\"", name)).hint(std::move(hint));
}

Result<std::vector<Secret>> list_secrets(db::Connection& connection, const WorkspaceId& workspace) {
  return connection.read_all("list_secrets", {workspace}, read_secret);
}

Status remove_secret(db::Transaction& transaction, const WorkspaceId& workspace, const std::string& name) {
  TRY(const auto changed, transaction.connection().execute("remove_secret", {workspace, name}));
  if (changed == 0) return find_secret(transaction, workspace, name).error();
  return ok();
}

}  // namespace stoker::catalog
