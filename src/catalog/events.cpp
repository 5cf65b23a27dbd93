#include "catalog/events.hpp"

#include <algorithm>

#include "catalog/run_row.hpp"
#include "catalog/runs.hpp"

namespace stoker::catalog {
namespace {

struct Place {
  std::int64_t run_pk;
  std::int64_t seq;
};

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
  auto& connection = transaction.connection();
  TRY(const auto place,
      connection.read_one("find_event_place", {run}, [](const db::Row& row) { return Place{row.integer("pk"), row.integer("seq")}; }));
  if (!place) return find_run(connection, run).error();
  CHECK_OK(connection.execute("append_event", {place->run_pk, place->seq, event.time, event.kind, event.message, json_text(event.data)}));
  return place->seq;
}

Result<std::vector<RunEvent>> list_events(db::Connection& connection, const RunId& run, std::int64_t after_seq, std::size_t limit) {
  const auto count = static_cast<std::int64_t>(std::min<std::size_t>(limit, 100'000));
  return connection.read_all("list_events", {run, after_seq, count}, read_event);
}

}  // namespace stoker::catalog
