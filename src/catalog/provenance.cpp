#include "catalog/provenance.hpp"

#include <fmt/format.h>

namespace stoker::catalog {
namespace {

Error damaged(const RunId& run, const char* what) {
  return {ErrorCode::kSnapshotCorrupt, fmt::format("the catalog is damaged: the {} of run {} cannot be read", what, run.text())};
}

}  // namespace

Status put_diff(db::Transaction& transaction, const RunId& run, const RunDiff& diff) {
  CHECK_OK(transaction.connection().execute("put_diff", {run, diff.size_bytes, diff.object.hex()}));
  return ok();
}

Result<std::optional<RunDiff>> look_up_diff(db::Connection& connection, const RunId& run) {
  struct Row {
    std::int64_t size_bytes;
    std::string object;
  };
  TRY(const auto row,
      connection.read_one("find_diff", {run}, [](const db::Row& found) { return Row{found.integer("size_bytes"), found.text("object")}; }));
  if (!row) return std::optional<RunDiff>();
  const auto object = Digest::from_hex(row->object);
  if (!object) return damaged(run, "diff");
  return std::optional(RunDiff{.size_bytes = row->size_bytes, .object = *object});
}

Status put_environment(db::Transaction& transaction, const RunId& run, const json::object& record) {
  const auto text = json::serialize(record);
  const auto digest = sha256(text).hex();
  CHECK_OK(transaction.connection().execute("add_environment_record", {digest, text}));
  CHECK_OK(transaction.connection().execute("put_environment", {run, digest}));
  return ok();
}

Result<std::optional<json::object>> look_up_environment(db::Connection& connection, const RunId& run) {
  TRY(const auto text, connection.read_one("find_environment", {run}, [](const db::Row& found) { return found.text("record"); }));
  if (!text) return std::optional<json::object>();
  auto record = parse_json(*text);
  if (!record || !record->is_object()) return damaged(run, "environment");
  return std::optional(std::move(record->get_object()));
}

Result<std::optional<std::string>> environment_digest(db::Connection& connection, const RunId& run) {
  return connection.read_one("find_environment_digest", {run}, [](const db::Row& row) { return row.text("digest"); });
}

}  // namespace stoker::catalog
