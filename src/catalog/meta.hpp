#pragma once
// Few named values of the server itself: its secret, its settings.

#include <optional>
#include <string>

#include "base/result.hpp"
#include "db/database.hpp"

namespace stoker::catalog {

Result<std::optional<std::string>> find_meta(db::Connection& connection, const std::string& name);
Status set_meta(db::Transaction& transaction, const std::string& name, const std::string& value);
/// What is there, else `value`, which is stored: of two servers that start at once both get the same.
Result<std::string> get_or_set_meta(db::Transaction& transaction, const std::string& name, const std::string& value);

}  // namespace stoker::catalog
