#include "metrics/queries.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <unordered_map>

namespace stoker::metrics {
namespace {

double ordered(double value) { return std::isnan(value) ? 0 : value; }

RunView::Wants scalars_named(const std::string& name) {
  return [&name](const Shape& shape) { return shape.kind == MetricKind::kScalar && shape.name == name; };
}

/// A number of a scalar.
struct ScalarPoint {
  HistoryPoint point;
  std::uint64_t place = 0;  // in its series
  bool is_identified = false;
};

/// Calls `take(ScalarPoint)` for each number of the scalar, in order of logging.
template <class Take>
Status each_scalar(const RunView& view, const std::string& name, Take take) {
  std::uint64_t place = 0;
  return view.visit(0, scalars_named(name), [&](const Visited& visited) {
    const auto at = place++;
    if (visited.raw.values.size() != 1) return true;
    const auto value = number_of(visited.raw.values.front());
    if (!value) return true;
    const auto& context = visited.context;
    take(
        ScalarPoint{{*value, step_of(visited.raw, at), from_micros(visited.raw.time), context.model_id, context.dataset_name, context.dataset_digest},
                    at,
                    visited.raw.is_identified});
    return true;
  });
}

bool is_same(const ScalarPoint& a, const ScalarPoint& b) {
  return a.is_identified && b.is_identified && a.point.time == b.point.time && a.point.step == b.point.step &&
         std::isnan(a.point.value) == std::isnan(b.point.value) && ordered(a.point.value) == ordered(b.point.value);
}

/// Sorts by `key`, points of the same key by NaN and identity, and leaves each point of MLflow once: the first that was logged.
template <class Key>
void sort_once(std::vector<ScalarPoint>& points, Key key) {
  const auto full = [&](const ScalarPoint& one) {
    return std::tuple_cat(key(one.point), std::tuple(std::isnan(one.point.value), one.is_identified, one.place));
  };
  const auto before = [&](const ScalarPoint& a, const ScalarPoint& b) { return full(a) < full(b); };
  if (!std::ranges::is_sorted(points, before)) std::ranges::sort(points, before);
  const auto [from, to] = std::ranges::unique(points, is_same);
  points.erase(from, to);
}

std::vector<HistoryPoint> page(std::vector<ScalarPoint>& points, std::size_t offset, std::size_t limit) {
  std::vector<HistoryPoint> out;
  if (offset >= points.size()) return out;
  const auto count = std::min(limit, points.size() - offset);
  out.reserve(count);
  for (auto at = offset; at < offset + count; ++at) out.push_back(std::move(points[at].point));
  return out;
}

}  // namespace

std::optional<double> number_of(const MetricValue& value) {
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  return std::nullopt;
}

bool is_later(std::int64_t step, std::int64_t time, double value, const Latest& than) {
  return std::tuple(step, time, ordered(value)) > std::tuple(than.step, to_micros(than.time), ordered(than.value));
}

Result<std::vector<Series>> read_series(const RunView& view, const std::optional<std::string>& name, std::size_t max_points) {
  std::vector<Series> all;
  std::unordered_map<std::uint32_t, std::size_t> places;  // by number of the shape
  const auto wants = [&](const Shape& shape) { return !name || *name == shape.name; };
  CHECK_OK(view.visit(0, wants, [&](const Visited& visited) {
    const auto [place, is_new] = places.try_emplace(visited.number, all.size());
    if (is_new) all.push_back({visited.shape.name, visited.shape.kind, visited.shape.columns, {}, 0});
    auto& series = all[place->second];
    if (series.count++ < max_points)
      series.points.push_back({visited.index, visited.raw.step, from_micros(visited.raw.time), std::move(visited.raw.values)});
    return true;
  }));
  return all;
}

Result<std::vector<MetricPoint>> read_tail(const RunView& view, std::uint64_t from_index, std::size_t limit) {
  std::vector<MetricPoint> points;
  if (limit == 0) return points;
  CHECK_OK(view.visit(
      from_index, [](const Shape&) { return true; },
      [&](const Visited& visited) {
        auto& raw = visited.raw;
        points.push_back({visited.shape.name, visited.shape.kind, std::move(raw.values), visited.shape.columns, raw.step, from_micros(raw.time),
                          raw.is_identified, visited.context.model_id, visited.context.dataset_name, visited.context.dataset_digest});
        return points.size() < limit;
      }));
  return points;
}

namespace {

/// The latest of every scalar, from what comes in order of logging.
class LatestFinder {
 public:
  /// One point more of the scalar; a text counts as a place only.
  void see(const std::string& name, const RawPoint& raw) {
    auto& found = found_[name];
    const auto step = step_of(raw, found.count++);
    const auto value = raw.values.size() == 1 ? number_of(raw.values.front()) : std::nullopt;
    if (value) offer(found, {name, *value, step, from_micros(raw.time)});
  }
  /// All points of it in a block.
  void see(const std::string& name, const BlockSeries& series) {
    auto& found = found_[name];
    if (const auto& best = series.stepped) offer(found, {name, best->value, best->step, from_micros(best->time)});
    if (const auto& best = series.unstepped)
      offer(found, {name, best->value, best->step + static_cast<std::int64_t>(found.count), from_micros(best->time)});
    found.count += series.count;
  }
  std::vector<Latest> finish() { return std::move(all_); }

 private:
  struct Found {
    std::uint64_t count = 0;
    std::optional<std::size_t> place;
  };
  void offer(Found& found, Latest latest) {
    if (!found.place) {
      found.place = all_.size();
      all_.push_back(std::move(latest));
    } else if (is_later(latest.step, to_micros(latest.time), latest.value, all_[*found.place])) {
      all_[*found.place] = std::move(latest);
    }
  }
  std::vector<Latest> all_;
  std::unordered_map<std::string, Found> found_;
};

/// The scalars whose latest stands in the front; those with texts among them have none there.
std::vector<bool> summarized(const BlockFront& front, const Dictionary& shapes) {
  std::vector<bool> is_summarized(shapes.size());
  if (!front.has_summaries) return is_summarized;
  std::size_t at = 0;
  for (const auto& page : front.pages) {
    for (const auto end = at + page.series; at < end; ++at) {
      const auto shape = front.series[at].shape;
      is_summarized[shape] = page.type != Page::Type::kMixed && page.per_point == 1 && shapes.at(shape).kind == MetricKind::kScalar;
    }
  }
  return is_summarized;
}

}  // namespace

Result<std::vector<Latest>> find_latest(const RunView& view) {
  LatestFinder finder;
  const auto is_scalar = [](const Shape& shape) { return shape.kind == MetricKind::kScalar; };
  const auto take = [&](const Visited& visited) {
    finder.see(visited.shape.name, visited.raw);
    return true;
  };
  for (std::size_t i = 0; view.folded && i < view.folded->blocks.size(); ++i) {
    const auto& place = view.folded->blocks[i];
    const auto& shapes = view.folded->shapes;
    TRY(const auto front, read_front(view, place));
    const auto is_summarized = summarized(front, shapes);
    bool is_done = true;
    for (const auto& series : front.series) {
      if (is_summarized[series.shape]) finder.see(shapes.at(series.shape).name, series);
      else is_done &= !is_scalar(shapes.at(series.shape));
    }
    const auto wants = [&](const Shape& shape) { return is_scalar(shape) && !is_summarized[*shapes.find(shape)]; };
    if (!is_done) CHECK_OK(view.visit_block(place, front, wants, take));
  }
  CHECK_OK(view.visit_records(is_scalar, take));
  return finder.finish();
}

Result<std::vector<HistoryPoint>> find_history(const RunView& view, const std::string& name, std::size_t offset, std::size_t limit) {
  std::vector<ScalarPoint> points;
  CHECK_OK(each_scalar(view, name, [&](ScalarPoint point) { points.push_back(std::move(point)); }));
  sort_once(points, [](const HistoryPoint& point) { return std::tuple(point.time, point.step, ordered(point.value)); });
  return page(points, offset, limit);
}

Result<std::vector<std::int64_t>> find_steps(const RunView& view, const std::string& name) {
  std::vector<std::int64_t> steps;
  CHECK_OK(each_scalar(view, name, [&](const ScalarPoint& point) {
    if (steps.empty() || steps.back() != point.point.step) steps.push_back(point.point.step);
  }));
  if (!std::ranges::is_sorted(steps)) std::ranges::sort(steps);
  const auto [from, to] = std::ranges::unique(steps);
  steps.erase(from, to);
  return steps;
}

Result<std::vector<HistoryPoint>> find_points_at(const RunView& view, const std::string& name, std::span<const std::int64_t> sorted_steps,
                                                 std::size_t limit) {
  std::vector<ScalarPoint> points;
  CHECK_OK(each_scalar(view, name, [&](ScalarPoint point) {
    if (std::ranges::binary_search(sorted_steps, point.point.step)) points.push_back(std::move(point));
  }));
  sort_once(points, [](const HistoryPoint& point) { return std::tuple(point.step, point.time, ordered(point.value)); });
  return page(points, 0, limit);
}

}  // namespace stoker::metrics
