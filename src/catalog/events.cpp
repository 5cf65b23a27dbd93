#include "catalog/events.hpp"

#include <algorithm>

#include "catalog/run_row.hpp"
#include "catalog/runs.hpp"

namespace stoker::catalog {
namespace {

RunEvent read_event(const db::Row& row) {
  RunEvent event;
  event.seq = row.integer("seq");
  event.time = row.time("time");
  event.kind = row.text("kind");
  event.message = row.text("message");
  boost::system::error_code failure;
  if (!row.is_null("data")) event.data = json::parse(row.borrowed_text("data"), failure);
  return event;
}

}  // namespace

Result<std::int64_t> append_event(db::Transaction& transaction, const RunId& run, const RunEvent& event) {
  TRY(const auto seq, transaction.connection().read_one("append_event", {run, event.time, event.kind, event.message, json_text(event.data)}, [](const db::Row& row) { return row.integer("seq"); }));
  if (!seq) return find_run(transaction, run).error();
  return *seq;
}

Result<std::vector<RunEvent>> list_events(db::Connection& connection, const RunId& run, std::int64_t after_seq, std::size_t limit) {
  const auto count = static_cast<std::int64_t>(std::min<std::size_t>(limit, 100'000));
  return connection.read_all("list_events", {run, after_seq, count}, read_event);
}

}  // namespace stoker::catalog
