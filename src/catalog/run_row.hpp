#pragma once
// Between a row of the view run_rows and a Run. Private to catalog/.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "db/database.hpp"
#include "domain/run.hpp"

namespace stoker::catalog {

/// A run with the key that tables refer to; tags and properties are not in yet.
struct StoredRun {
  std::int64_t pk = 0;
  Run run;
};

/// kSnapshotCorrupt where JSON or a state cannot be read.
Result<StoredRun> read_run(const db::Row& row);
/// Runs of a statement over run_rows, with tags and properties: three queries for any number of runs.
Result<std::vector<StoredRun>> read_runs(db::Connection& connection, std::string_view statement, db::Values values);

std::string phases_text(const std::vector<Phase>& phases);
std::optional<std::string> error_text(const std::optional<RunError>& error);
std::string gpus_text(const std::vector<int>& indices);
std::optional<std::string> json_text(const json::value& value);  // null: nullopt

}  // namespace stoker::catalog
