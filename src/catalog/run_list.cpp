// list_runs: picks the list whose index narrows most, and keeps the place in its order as the cursor.
#include <algorithm>
#include <charconv>
#include <limits>

#include "catalog/run_row.hpp"
#include "catalog/runs.hpp"

namespace stoker::catalog {
namespace {

constexpr std::string_view kAfterAnyText = "\xF4\x8F\xBF\xBF";  // U+10FFFF: behind every id with the prefix, by bytes

enum class Order : std::uint8_t { kByPk, kByNumber, kById };

/// Cursors say in which order they count, so that one of another filter is noticed: p123, n123, i<id>.
constexpr char mark_of(Order order) { return order == Order::kByPk ? 'p' : order == Order::kByNumber ? 'n' : 'i'; }

Order order_of(const RunFilter& filter) {
  if (!filter.id_prefix.empty()) return Order::kById;
  const bool only_live = !filter.states.empty() && std::ranges::none_of(filter.states, is_terminal);
  return filter.experiment && !filter.parent && !only_live ? Order::kByNumber : Order::kByPk;
}

Error bad_cursor() { return Error(ErrorCode::kInvalidInput, "the cursor is not one of this list").hint("begin again without a cursor"); }

Result<std::int64_t> parse_position(Order order, const std::string& cursor) {
  if (cursor.empty()) return std::numeric_limits<std::int64_t>::max();
  std::int64_t position = 0;
  const auto* end = cursor.data() + cursor.size();
  const auto parsed = std::from_chars(cursor.data() + 1, end, position);
  if (cursor[0] != mark_of(order) || parsed.ec != std::errc() || parsed.ptr != end) return bad_cursor();
  return position;
}

std::string states_text(const std::vector<RunState>& states) {
  std::string text;
  for (const auto state : states) text += (text.empty() ? "," : "") + std::string(to_text(state)) + ",";
  return text;
}

template <class Tag>
std::string text_or_any(const std::optional<Id<Tag>>& id) {
  return id ? id->text() : std::string();
}

Result<std::vector<StoredRun>> read_by_prefix(db::Connection& connection, const RunFilter& filter, std::int64_t count, const std::string& cursor) {
  std::string before = filter.id_prefix + std::string(kAfterAnyText);
  if (!cursor.empty()) {
    if (cursor[0] != mark_of(Order::kById)) return bad_cursor();
    before = cursor.substr(1);
  }
  return read_runs(connection, "list_runs_by_prefix",
                   {filter.id_prefix, before, text_or_any(filter.workspace), text_or_any(filter.experiment), text_or_any(filter.parent),
                    states_text(filter.states), count});
}

Result<std::vector<StoredRun>> read_page(db::Connection& connection, const RunFilter& filter, std::int64_t count, const std::string& cursor) {
  const auto order = order_of(filter);
  if (order == Order::kById) return read_by_prefix(connection, filter, count, cursor);
  TRY(const auto before, parse_position(order, cursor));
  const auto workspace = text_or_any(filter.workspace);
  const auto experiment = text_or_any(filter.experiment);
  const auto states = states_text(filter.states);
  if (filter.parent) return read_runs(connection, "list_runs_of_parent", {*filter.parent, before, workspace, experiment, states, count});
  if (order == Order::kByNumber) return read_runs(connection, "list_runs_of_experiment", {*filter.experiment, before, workspace, states, count});
  const bool only_live = !filter.states.empty() && std::ranges::none_of(filter.states, is_terminal);
  if (only_live) return read_runs(connection, "list_runs_live", {before, workspace, experiment, states, count});
  const bool one_ended = filter.states.size() == 1 && filter.workspace;
  if (one_ended) return read_runs(connection, "list_runs_ended", {workspace, to_text(filter.states[0]), before, count});
  if (filter.workspace) return read_runs(connection, "list_runs_of_workspace", {workspace, before, states, count});
  return read_runs(connection, "list_runs", {before, states, count});
}

std::string cursor_of(Order order, const StoredRun& stored) {
  if (order == Order::kById) return mark_of(order) + stored.run.id.text();
  return mark_of(order) + std::to_string(order == Order::kByPk ? stored.pk : stored.run.number);
}

}  // namespace

Result<RunPage> list_runs(db::Connection& connection, const RunFilter& filter, std::size_t limit, const std::string& cursor) {
  const auto size = std::clamp<std::size_t>(limit, 1, 1000);
  // One more than asked for tells whether there is a next page.
  TRY(auto stored, read_page(connection, filter, static_cast<std::int64_t>(size) + 1, cursor));
  RunPage page;
  if (stored.size() > size) {
    stored.resize(size);
    page.next_cursor = cursor_of(order_of(filter), stored.back());
  }
  page.runs.reserve(stored.size());
  for (auto& one : stored) page.runs.push_back(std::move(one.run));
  return page;
}

}  // namespace stoker::catalog
