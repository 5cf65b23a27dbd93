#include "catalog/tags.hpp"

#include <fmt/format.h>

#include "catalog/runs.hpp"
#include "domain/names.hpp"

namespace stoker::catalog {
namespace {

/// A statement that changed nothing: there is no such run.
Error no_run(db::Connection& connection, const RunId& run) {
  auto found = find_run(connection, run);
  return found ? Error(ErrorCode::kInternal, "a statement changed nothing though the run is there") : std::move(found).error();
}

}  // namespace

Status set_tag(db::Transaction& transaction, const RunId& run, const std::string& key, const std::optional<std::string>& value) {
  CHECK_OK(check_tag(key, value.value_or("")));
  TRY(const auto changed, transaction.connection().execute("set_tag", {run, key, value}));
  if (changed == 0) return no_run(transaction, run);
  return ok();
}

Status set_tags(db::Transaction& transaction, const RunId& run, const Tags& tags) {
  for (const auto& [key, value] : tags) CHECK_OK(set_tag(transaction, run, key, value));
  return ok();
}

Status remove_tags(db::Transaction& transaction, const RunId& run, const std::vector<std::string>& keys) {
  for (const auto& key : keys) CHECK_OK(transaction.connection().execute("remove_tag", {run, key}));
  return ok();
}

Status add_properties(db::Transaction& transaction, const RunId& run, const Properties& properties) {
  std::vector<Mistake> taken;
  for (const auto& [key, value] : properties) {
    if (key.empty()) return Error(ErrorCode::kInvalidInput, "a property needs a key");
    TRY(const auto kept, transaction.connection().read_one("add_property", {run, key, value}, [](const db::Row& row) { return row.text("value"); }));
    if (!kept) return no_run(transaction, run);
    if (*kept != value) taken.push_back({key, fmt::format("is \"{}\" already and cannot become \"{}\"", *kept, value)});
  }
  if (taken.empty()) return ok();
  return Error(ErrorCode::kConflict, "properties are written once").mistakes(std::move(taken)).hint("use a tag for what changes");
}

}  // namespace stoker::catalog
