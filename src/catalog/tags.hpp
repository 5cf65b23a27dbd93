#pragma once
// Tags (come and go, a value is optional) and properties (written once) of runs.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "db/database.hpp"
#include "domain/ids.hpp"

namespace stoker::catalog {

using Tags = std::map<std::string, std::optional<std::string>>;
using Properties = std::map<std::string, std::string>;

/// Adds or overwrites. kNotFound: the run; kInvalidInput: key or value too long.
Status set_tag(db::Transaction& transaction, const RunId& run, const std::string& key, const std::optional<std::string>& value);
Status set_tags(db::Transaction& transaction, const RunId& run, const Tags& tags);
/// Ok when there is no such tag.
Status remove_tags(db::Transaction& transaction, const RunId& run, const std::vector<std::string>& keys);
/// The same value again is fine; another one is kConflict, naming every key concerned, and nothing is written.
Status add_properties(db::Transaction& transaction, const RunId& run, const Properties& properties);

}  // namespace stoker::catalog
