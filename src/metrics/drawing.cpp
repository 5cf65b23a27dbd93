#include "metrics/drawing.hpp"

#include <algorithm>
#include <cmath>

#include "metrics/levels.hpp"
#include "metrics/queries.hpp"

namespace stoker::metrics {

Bucket bucket_of(const Drawn& point) {
  return {.count = 1, .nan_count = std::isnan(point.value) ? 1U : 0U, .first = point, .last = point, .min = point, .max = point};
}

void merge(Bucket& bucket, const Bucket& next) {
  bucket.count += next.count;
  bucket.nan_count += next.nan_count;
  bucket.last = next.last;
  if (std::isnan(bucket.min.value) || next.min.value < bucket.min.value) bucket.min = next.min;
  if (std::isnan(bucket.max.value) || next.max.value > bucket.max.value) bucket.max = next.max;
}

void Drawer::add(const Bucket& piece) {
  if (!buckets_.empty() && buckets_.back().count + piece.count <= width_) merge(buckets_.back(), piece);
  else buckets_.push_back(piece);
  if (buckets_.size() >= 2 * most_) halve();
}

void Drawer::halve() {
  std::vector<Bucket> halved;
  halved.reserve(buckets_.size() / 2 + 1);
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    if (i % 2 == 0) halved.push_back(buckets_[i]);
    else merge(halved.back(), buckets_[i]);
    width_ = std::max(width_, halved.back().count);
  }
  buckets_ = std::move(halved);
}

Drawing Drawer::finish() {
  while (buckets_.size() > most_) halve();
  Drawing drawing;
  for (const auto& bucket : buckets_) drawing.count += bucket.count;
  drawing.buckets = std::move(buckets_);
  return drawing;
}

namespace {

/// Draws block after block: from the levels where they are fine enough, else from the points.
class ScalarPainter {
 public:
  ScalarPainter(const RunView& view, const std::string& name, std::size_t buckets, const DrawRange& range)
      : view_(view), name_(name), most_(std::max<std::size_t>(buckets, 1)), range_(range), drawer_(most_) {}

  Result<Drawing> draw() {
    CHECK_OK(find_pieces());
    TRY(const auto count, count_in_range());
    const bool by_levels = count / (kPointsPerLevel / 2) >= most_;
    for (const auto& piece : pieces_) CHECK_OK(by_levels && piece.series->levels ? draw_levels(piece) : draw_points(piece, 0, UINT64_MAX));
    auto place = pieces_.empty() ? 0 : pieces_.back().first + pieces_.back().count;
    CHECK_OK(view_.visit_records(wants(), [&](const Visited& visited) {
      add(visited.raw, place++);
      return true;
    }));
    return drawer_.finish();
  }

 private:
  /// The scalar's part of a block.
  struct Piece {
    const BlockPlace* place = nullptr;
    BlockFront front;
    const BlockSeries* series = nullptr;  // of the front; stays where it is when the piece moves
    std::uint64_t first = 0, count = 0;   // places in the series
  };

  RunView::Wants wants() const {
    return [this](const Shape& shape) { return shape.kind == MetricKind::kScalar && shape.name == name_; };
  }
  Status find_pieces() {
    std::uint64_t first = 0;
    for (std::size_t i = 0; view_.folded && i < view_.folded->blocks.size(); ++i) {
      const auto& place = view_.folded->blocks[i];
      TRY(auto front, read_front(view_, place));
      const auto is_it = [&](const BlockSeries& series) { return wants()(view_.folded->shapes.at(series.shape)); };
      const auto found = std::ranges::find_if(front.series, is_it);
      if (found == front.series.end()) continue;
      const auto at = static_cast<std::size_t>(found - front.series.begin());
      auto& piece = pieces_.emplace_back(Piece{&place, std::move(front), nullptr, first, 0});
      piece.series = &piece.front.series[at];
      piece.count = piece.series->count;
      first += piece.count;
    }
    return ok();
  }
  bool is_inside(const Drawn& drawn, std::uint64_t place) const {
    const auto where = range_.by == DrawRange::By::kStep ? drawn.step : static_cast<std::int64_t>(place);
    return where >= range_.first && where <= range_.last;
  }
  void add(const RawPoint& raw, std::uint64_t place) {
    const auto value = raw.values.size() == 1 ? number_of(raw.values.front()) : std::nullopt;
    if (!value) return;
    const Drawn drawn{*value, step_of(raw, place), from_micros(raw.time)};
    if (is_inside(drawn, place)) drawer_.add(bucket_of(drawn));
  }
  Status draw_points(const Piece& piece, std::uint64_t from, std::uint64_t to) {
    auto place = piece.first;
    if (range_.by == DrawRange::By::kIndex) {
      if (static_cast<std::int64_t>(piece.first) > range_.last || static_cast<std::int64_t>(piece.first + piece.count) <= range_.first) return ok();
    }
    return view_.visit_block(*piece.place, piece.front, wants(), [&](const Visited& visited) {
      const auto at = place++;
      if (at >= from && at <= to) add(visited.raw, at);
      return at < to;
    });
  }
  Result<Levels> levels_of(const Piece& piece) const {
    TRY(const auto bytes, fetch_checked(fetch_from(view_.bytes, *piece.place), *piece.series->levels));
    Levels levels;
    if (!decode_levels(bytes, piece.series->count, levels)) return Error(ErrorCode::kDataFormat, "a block of the metrics is damaged");
    if (!levels.by_place) return levels;
    for (auto& bucket : levels.buckets) {
      for (auto* drawn : {&bucket.first, &bucket.last, &bucket.min, &bucket.max}) drawn->step += static_cast<std::int64_t>(piece.first);
    }
    return levels;
  }
  /// Of the two ends of a level's entry: nothing of an entry whose ends both lie on the same side of the range is in it.
  struct Sides {
    bool is_inside = false, is_outside = false;
  };
  Sides sides_of(const Bucket& bucket, std::uint64_t first_place) const {
    const bool by_step = range_.by == DrawRange::By::kStep;
    const auto low = by_step ? bucket.first.step : static_cast<std::int64_t>(first_place);
    const auto high = by_step ? bucket.last.step : static_cast<std::int64_t>(first_place + bucket.count - 1);
    return {low >= range_.first && high <= range_.last, high < range_.first || low > range_.last};
  }
  Status draw_levels(const Piece& piece) {
    TRY(const auto levels, levels_of(piece));
    if (range_.by == DrawRange::By::kStep && !levels.is_sorted) return draw_points(piece, 0, UINT64_MAX);
    auto place = piece.first;
    for (const auto& bucket : levels.buckets) {
      const auto sides = sides_of(bucket, place);
      if (sides.is_inside) drawer_.add(bucket);
      else if (!sides.is_outside) CHECK_OK(draw_points(piece, place, place + bucket.count - 1));
      place += bucket.count;
    }
    return ok();
  }
  /// About so many of the folded points.
  Result<std::uint64_t> count_in_range() const {
    std::uint64_t count = 0;
    for (const auto& piece : pieces_) {
      if (range_.by == DrawRange::By::kIndex) {
        const auto low = std::max(range_.first, static_cast<std::int64_t>(piece.first));
        const auto high = std::min(range_.last, static_cast<std::int64_t>(piece.first + piece.count) - 1);
        count += high >= low ? static_cast<std::uint64_t>(high - low) + 1 : 0;
      } else if (piece.series->levels) {
        TRY(const auto levels, levels_of(piece));
        for (const auto& bucket : levels.buckets) count += sides_of(bucket, 0).is_outside ? 0 : bucket.count;
      } else {
        count += piece.count;
      }
    }
    return count;
  }

  const RunView& view_;
  const std::string& name_;
  const std::size_t most_;
  const DrawRange& range_;
  Drawer drawer_;
  std::vector<Piece> pieces_;
};

}  // namespace

Result<Drawing> draw_scalar(const RunView& view, const std::string& name, std::size_t buckets, const DrawRange& range) {
  return ScalarPainter(view, name, buckets, range).draw();
}

}  // namespace stoker::metrics
