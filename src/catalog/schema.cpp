#include <span>
#include <stdexcept>

#include "catalog/catalog.hpp"
#include "db/embedded.hpp"

namespace stoker::catalog {

std::span<const db::EmbeddedFile> embedded_sql();
std::span<const db::EmbeddedFile> embedded_migrations();

const db::Schema& schema() {
  static const auto made = db::make_schema(embedded_sql(), embedded_migrations());
  if (!made) throw std::logic_error(made.error().to_line());
  return *made;
}

}  // namespace stoker::catalog
