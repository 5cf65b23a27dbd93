#include "catalog/tracking/walk.hpp"

namespace stoker::catalog {
namespace {

constexpr std::string_view kAboveEveryId = "\xF4\x8F\xBF\xBF";  // U+10FFFF

}  // namespace

Candidate read_candidate(const db::Row& row) {
  Candidate one;
  one.pk = row.integer("pk");
  one.id = row.text("id");
  one.start = row.integer("start");
  one.is_archived = !row.is_null("archived_at");
  return one;
}

Walk::Walk(std::int64_t experiment, Path path) : experiment_(experiment), path_(std::move(path)) {
  start_ = path_.ascending ? path_.first_start : path_.last_start;
  if (path_.ascending) id_ = kAboveEveryId;
  pk_ = path_.ascending ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
}

Result<std::vector<Candidate>> Walk::next(db::Connection& connection, std::size_t count) {
  auto found = path_.by == Path::By::kStart ? next_by_start(connection, count) : next_by_metric(connection, count);
  if (found && found->size() < count) is_done_ = true;
  return found;
}

Result<std::vector<Candidate>> Walk::next_by_start(db::Connection& connection, std::size_t count) {
  std::vector<Candidate> found;
  found.reserve(count);
  const auto* statement = path_.ascending ? "walk_runs_oldest" : "walk_runs_newest";
  CHECK_OK(connection.visit(statement, {count, experiment_, start_, id_}, [&](const db::Row& row) {
    auto one = read_candidate(row);
    if (path_.ascending ? one.start > path_.last_start : one.start < path_.first_start) return false;
    found.push_back(std::move(one));
    return true;
  }));
  if (!found.empty()) {
    start_ = found.back().start;
    id_ = found.back().id;
  }
  return found;
}

Result<std::vector<Candidate>> Walk::next_by_metric(db::Connection& connection, std::size_t count) {
  std::vector<Candidate> found;
  found.reserve(count);
  const auto* statement = path_.ascending ? "walk_metric_up" : "walk_metric_down";
  CHECK_OK(connection.visit(statement, {count, experiment_, path_.metric, path_.is_nan, path_.low, path_.high, pk_}, [&](const db::Row& row) {
    auto one = read_candidate(row);
    one.walked = row.real("value");
    found.push_back(std::move(one));
    return true;
  }));
  if (!found.empty()) {
    (path_.ascending ? path_.low : path_.high) = found.back().walked;
    pk_ = found.back().pk;
  }
  return found;
}

}  // namespace stoker::catalog
