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

std::string labels_text(const std::vector<Label>& labels) {
  json::array list;
  for (const auto& [key, value] : labels) list.push_back({{"key", key}, {"value", json_or_null(value)}});
  return json::serialize(list);
}

constexpr std::string_view text_of(RunView view) { return view == RunView::kActive ? "active" : view == RunView::kArchived ? "archived" : "all"; }

/// The parameters that all lists have, with those of one list after them.
class Question {
 public:
  Question(db::Connection& connection, const RunFilter& filter, std::int64_t count)
      : connection_(connection), filter_(filter), count_(count), tags_(labels_text(filter.tags)), properties_(labels_text(filter.properties)) {}

  template <class... More>
  Result<std::vector<StoredRun>> ask(std::string_view statement, const More&... more) const {
    return read_runs(
        connection_, statement,
        {count_, workspace(), experiment(), states(), kind(), text_of(filter_.view), filter_.top_level_only, tags_, properties_, db::Value(more)...});
  }

 private:
  std::string workspace() const { return text_or_any(filter_.workspace); }
  std::string experiment() const { return text_or_any(filter_.experiment); }
  std::string states() const { return states_text(filter_.states); }
  std::string kind() const { return filter_.kind ? std::string(to_text(*filter_.kind)) : std::string(); }

  db::Connection& connection_;
  const RunFilter& filter_;
  std::int64_t count_;
  std::string tags_, properties_;
};

Result<std::vector<StoredRun>> read_by_prefix(const Question& question, const RunFilter& filter, const std::string& cursor) {
  std::string before = filter.id_prefix + std::string(kAfterAnyText);
  if (!cursor.empty()) {
    if (cursor[0] != mark_of(Order::kById)) return bad_cursor();
    before = cursor.substr(1);
  }
  return question.ask("list_runs_by_prefix", before, filter.id_prefix, text_or_any(filter.parent));
}

Result<std::vector<StoredRun>> read_page(db::Connection& connection, const RunFilter& filter, std::int64_t count, const std::string& cursor) {
  const Question question(connection, filter, count);
  const auto order = order_of(filter);
  if (order == Order::kById) return read_by_prefix(question, filter, cursor);
  TRY(const auto before, parse_position(order, cursor));
  if (filter.parent) return question.ask("list_runs_of_parent", before, *filter.parent);
  if (order == Order::kByNumber) return question.ask("list_runs_of_experiment", before);
  const bool only_live = !filter.states.empty() && std::ranges::none_of(filter.states, is_terminal);
  if (only_live) return question.ask("list_runs_live", before);
  if (filter.view == RunView::kArchived) return question.ask("list_runs_archived", before);
  const bool one_ended = filter.states.size() == 1 && filter.workspace;
  if (one_ended) return question.ask("list_runs_ended", before, to_text(filter.states[0]));
  return question.ask(filter.workspace ? "list_runs_of_workspace" : "list_runs", before);
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
