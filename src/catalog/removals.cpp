#include "catalog/removals.hpp"

#include <fmt/format.h>

namespace stoker::catalog {

Status remove_run(db::Transaction& transaction, const RunId& run) {
  auto& connection = transaction.connection();
  TRY(const auto child, connection.read_one("find_child", {run}, [](const db::Row& row) { return row.text("id"); }));
  if (child)
    return Error(ErrorCode::kConflict, fmt::format("run {} has children, {} among them", run.text(), *child))
        .hint("delete them too with ?children=true");
  CHECK_OK(connection.execute("note_removal", {run}));
  for (const auto* statement : {"remove_tags_of", "remove_properties_of", "remove_files_of", "remove_events_of", "remove_keys_of", "remove_run"})
    CHECK_OK(connection.execute(statement, {run}));
  return ok();
}

Result<std::vector<RunId>> runs_being_removed(db::Connection& connection) {
  return connection.read_all("list_removals", {}, [](const db::Row& row) { return RunId(row.text("run_id")); });
}

Result<bool> is_being_removed(db::Connection& connection, const RunId& run) {
  TRY(const auto found, connection.read_one("find_removal", {run}, [](const db::Row&) { return true; }));
  return found.has_value();
}

Status forget_removal(db::Transaction& transaction, const RunId& run) {
  CHECK_OK(transaction.connection().execute("forget_removal", {run}));
  return ok();
}

}  // namespace stoker::catalog
