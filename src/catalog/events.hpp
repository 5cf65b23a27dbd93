#pragma once
// The story of a run: what happened, when, for people (`stoker run events`) and for streams that resume (by seq).

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "db/database.hpp"
#include "domain/ids.hpp"

namespace stoker::catalog {

struct RunEvent {
  std::int64_t seq = 0;  // 1, 2, 3 … per run
  Time time;
  std::string kind;  // "state", "warning" …: chosen by runs/
  std::string message;
  json::value data;  // null or an object
};

/// The event's seq. event.seq is not looked at. kNotFound: the run.
Result<std::int64_t> append_event(db::Transaction& transaction, const RunId& run, const RunEvent& event);
/// Those after `after_seq`, oldest first.
Result<std::vector<RunEvent>> list_events(db::Connection& connection, const RunId& run, std::int64_t after_seq = 0, std::size_t limit = 1000);

}  // namespace stoker::catalog
