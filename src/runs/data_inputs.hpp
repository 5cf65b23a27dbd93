#pragma once
// What a run's data means on this server: the default datastore and destinations filled in, all mistakes found, folders and patterns for the
// supervisor.

#include <string>
#include <vector>

#include "catalog/data.hpp"
#include "db/database.hpp"
#include "domain/run.hpp"

namespace stoker::runs {

/// The folder of a datastore; `datastores` is where the built-in ones lie, which are made here at their first use. Blocks.
Result<std::string> folder_of(const std::string& datastores, const WorkspaceId& workspace, const catalog::Datastore& datastore);

struct ResolvedData {
  std::vector<DataBinding> bindings;  // with datastore and path filled in
  std::vector<DataPlan> plans;        // of the bindings without a mistake, `at` says of which
  std::vector<std::size_t> at;
  std::vector<Mistake> mistakes;  // paths under "data"
};
/// Unknown datastores and datasets.
Result<ResolvedData> resolve_data(db::Connection& connection, const std::string& datastores, const RunSpec& spec);
/// Paths that mean nothing, on the disk. Blocks.
void look_at_data(ResolvedData& resolved);

/// Puts the run's id into the destinations of its outputs.
void name_outputs(Run& run);
/// For the start message of an admitted run.
Result<std::vector<DataPlan>> data_plans(db::Connection& connection, const std::string& datastores, const Run& run);

}  // namespace stoker::runs
