#include "catalog/workspaces.hpp"

#include <fmt/format.h>

#include "catalog/labels.hpp"
#include "domain/names.hpp"

namespace stoker::catalog {
namespace {

Workspace read_workspace(const db::Row& row) {
  Workspace workspace;
  workspace.id = WorkspaceId(row.text("id"));
  workspace.name = {row.text("subscription_id"), row.text("resource_group"), row.text("name")};
  workspace.friendly_name = row.text("friendly_name");
  workspace.description = row.text("description");
  workspace.created_at = row.time("created_at");
  workspace.tags = labels_from_text(row.borrowed_text("tags"));
  return workspace;
}

Result<std::optional<Workspace>> insert_workspace(db::Transaction& transaction, const WorkspaceName& name, Time now, Random& random) {
  CHECK_OK(check_workspace_name(name.name));
  const auto id = new_guid(random);
  return transaction.connection().read_one("insert_workspace", {id, name.subscription_id, name.resource_group, name.name, now, "{}"}, read_workspace);
}

}  // namespace

json::object to_json(const Workspace& workspace) {
  json::object body;
  body["id"] = workspace.id.text();
  body["subscription_id"] = workspace.name.subscription_id;
  body["resource_group"] = workspace.name.resource_group;
  body["name"] = workspace.name.name;
  body["friendly_name"] = workspace.friendly_name;
  body["description"] = workspace.description;
  body["created_at"] = format_time(workspace.created_at);
  body["tags"] = stoker::to_json(workspace.tags);
  return body;
}

Result<Workspace> find_workspace(db::Connection& connection, const WorkspaceId& id) {
  TRY(auto found, connection.read_one("find_workspace", {id}, read_workspace));
  if (found) return std::move(*found);
  return Error(ErrorCode::kNotFound, fmt::format("there is no workspace with the id \"{}\"", to_valid_utf8(id.text())))
      .hint("`stoker workspace list` shows them");
}

Result<Workspace> find_workspace(db::Connection& connection, const WorkspaceName& name) {
  TRY(auto found, look_up_workspace(connection, name));
  if (found) return std::move(*found);
  return Error(ErrorCode::kNotFound, fmt::format("this server has no workspace \"{}\" in the resource group \"{}\" of the subscription \"{}\"",
                                                 name.name, name.resource_group, name.subscription_id))
      .hint(fmt::format("`stoker workspace create {}/{}/{}` makes it", name.subscription_id, name.resource_group, name.name));
}

Result<std::optional<Workspace>> look_up_workspace(db::Connection& connection, const WorkspaceName& name) {
  return connection.read_one("find_workspace_by_name", {name.subscription_id, name.resource_group, name.name}, read_workspace);
}

Result<std::vector<Workspace>> list_workspaces(db::Connection& connection) { return connection.read_all("list_workspaces", {}, read_workspace); }

Result<Workspace> create_workspace(db::Transaction& transaction, const WorkspaceName& name, Time now, Random& random) {
  TRY(auto made, insert_workspace(transaction, name, now, random));
  if (made) return std::move(*made);
  return Error(ErrorCode::kConflict, fmt::format("the workspace \"{}\" exists already", name.name));
}

Result<Workspace> get_or_create_workspace(db::Transaction& transaction, const WorkspaceName& name, Time now, Random& random) {
  TRY(auto found, look_up_workspace(transaction, name));
  if (found) return std::move(*found);
  TRY(auto made, insert_workspace(transaction, name, now, random));
  if (made) return std::move(*made);
  return find_workspace(transaction, name);  // another server was first
}

Status update_workspace(db::Transaction& transaction, const Workspace& workspace) {
  for (const auto& [key, value] : workspace.tags) CHECK_OK(check_tag(key, value));
  const auto tags = labels_to_text(workspace.tags);
  TRY(const auto changed, transaction.connection().execute("update_workspace", {workspace.id, workspace.friendly_name, workspace.description, tags}));
  if (changed == 0) return find_workspace(transaction, workspace.id).error();
  return ok();
}

Status remove_workspace(db::Transaction& transaction, const WorkspaceId& id) {
  auto& connection = transaction.connection();
  TRY(const auto run, connection.read_one("find_run_of_workspace", {id}, [](const db::Row& row) { return row.text("id"); }));
  if (run)
    return Error(ErrorCode::kConflict, fmt::format("the workspace has runs, {} among them", *run))
        .hint("delete them first, or the workspace with ?force=true");
  for (const auto* statement : {"remove_secrets_of", "remove_experiments_of", "remove_workspace"}) CHECK_OK(connection.execute(statement, {id}));
  return ok();
}

Result<std::optional<RunId>> live_run_of_workspace(db::Connection& connection, const WorkspaceId& id) {
  return connection.read_one("find_live_run_of_workspace", {id}, [](const db::Row& row) { return RunId(row.text("id")); });
}

Result<std::vector<RunId>> newest_runs_of_workspace(db::Connection& connection, const WorkspaceId& id, std::size_t limit) {
  return connection.read_all("newest_runs_of_workspace", {id, limit}, [](const db::Row& row) { return RunId(row.text("id")); });
}

}  // namespace stoker::catalog
