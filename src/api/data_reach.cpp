#include "api/data_reach.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "api/reach.hpp"
#include "catalog/data.hpp"
#include "catalog/runs.hpp"
#include "catalog/workspaces.hpp"
#include "data/folder.hpp"

namespace stoker::api {
namespace {

Error beyond(std::string_view verb, const std::string& datastore, const std::string& path) {
  return Error(ErrorCode::kForbidden, fmt::format("this run may not {} \"{}\" in the datastore {}", verb, to_valid_utf8(path), datastore))
      .hint("a run reads what it has as input and writes what it has as output: name it in the arguments of its ScriptRunConfig");
}

/// Whether everything that `path` means is meant by `allowed`, too.
bool is_within(const std::string& allowed, const std::string& path) {
  if (allowed == path || allowed.empty() || allowed == "**") return true;
  const auto folder = allowed.ends_with("/**") ? allowed.substr(0, allowed.size() - 3) : allowed;
  if (!data::has_wildcard(folder)) return data::means(folder, data::fixed_part(path));
  return !data::has_wildcard(path) && data::means(allowed, path);
}

DataReach reach_of(const Run& run, const std::vector<catalog::RunDataset>& uses) {
  std::vector<DataReach::Place> places;
  for (const auto& binding : run.spec.data) {
    if (binding.role == DataRole::kInput) continue;
    const bool is_written = binding.role == DataRole::kOutput || binding.mode != DataMode::kDownload;
    places.push_back({binding.datastore, binding.path, is_written});
  }
  for (const auto& use : uses)
    for (const auto& path : use.dataset.definition.paths) places.push_back({path.datastore, path.path, false});
  return DataReach::only(std::move(places));
}

}  // namespace

Status DataReach::check_read(const std::string& datastore, const std::string& path) const {
  const auto allows = [&](const Place& place) { return place.datastore == datastore && is_within(place.pattern, path); };
  return all_ || std::ranges::any_of(places_, allows) ? ok() : Status(beyond("read", datastore, path));
}

Status DataReach::check_write(const std::string& datastore, const std::string& path) const {
  const auto allows = [&](const Place& place) { return place.is_written && place.datastore == datastore && is_within(place.pattern, path); };
  return all_ || std::ranges::any_of(places_, allows) ? ok() : Status(beyond("write", datastore, path));
}

Status DataReach::check_definition(const DatasetDefinition& definition) const {
  for (const auto& path : definition.paths)
    if (path.url.empty()) CHECK_OK(check_read(path.datastore, path.path));
  return ok();
}

io::Task<Result<DataReach>> data_reach(Call& call, WorkspaceId workspace) {
  CO_CHECK_OK(co_await check_workspace(call, workspace));
  if (call.caller.kind != Caller::Kind::kRun) co_return DataReach::everything();
  auto read = [id = call.caller.run](db::Connection& connection) -> Result<DataReach> {
    TRY(const auto run, catalog::find_run(connection, id));
    TRY(const auto uses, catalog::list_run_datasets(connection, id));
    return reach_of(run, uses);
  };
  co_return co_await call.services.catalog.read(std::move(read));
}

}  // namespace stoker::api
