#pragma once
// What people write on a run, with the event that says who wrote what: for every way in (REST, MLflow).

#include <optional>
#include <string>
#include <vector>

#include "catalog/tags.hpp"
#include "domain/run.hpp"

namespace stoker::api {

/// Absent and empty: nothing changes.
struct RunChanges {
  std::optional<std::string> display_name, description;
  catalog::Tags tags;
  std::vector<std::string> remove_tags;
  catalog::Properties properties;
};

/// All or nothing; the run as it is then. One event for all that became different, none when nothing did. `by` may be empty.
/// kNotFound; kInvalidInput: a key or value is too long; kConflict: a property has another value.
Result<Run> change_run(db::Transaction& transaction, const RunId& run, const RunChanges& changes, Time now, const std::string& by);

}  // namespace stoker::api
