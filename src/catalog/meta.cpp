#include "catalog/meta.hpp"

namespace stoker::catalog {
namespace {
std::string read_value(const db::Row& row) { return row.text("value"); }
}  // namespace

Result<std::optional<std::string>> find_meta(db::Connection& connection, const std::string& name) {
  return connection.read_one("find_meta", {name}, read_value);
}

Status set_meta(db::Transaction& transaction, const std::string& name, const std::string& value) {
  CHECK_OK(transaction.connection().execute("set_meta", {name, value}));
  return ok();
}

Result<std::string> get_or_set_meta(db::Transaction& transaction, const std::string& name, const std::string& value) {
  TRY(auto kept, transaction.connection().read_one("get_or_set_meta", {name, value}, read_value));
  return kept.value_or(value);
}

}  // namespace stoker::catalog
