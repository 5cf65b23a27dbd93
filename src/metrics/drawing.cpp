#include "metrics/drawing.hpp"

#include <cmath>

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

Result<Drawing> draw_scalar(const RunView& view, const std::string& name, std::size_t buckets, const DrawRange& range) {
  Drawer drawer(std::max<std::size_t>(buckets, 1));
  std::uint64_t place = 0;
  const auto wants = [&](const Shape& shape) { return shape.kind == MetricKind::kScalar && shape.name == name; };
  CHECK_OK(view.visit(0, wants, [&](const Visited& visited) {
    const auto at = place++;
    const auto step = step_of(visited.raw, at);
    const auto where = range.by == DrawRange::By::kStep ? step : static_cast<std::int64_t>(at);
    const auto value = visited.raw.values.size() == 1 ? number_of(visited.raw.values.front()) : std::nullopt;
    if (value && where >= range.first && where <= range.last) drawer.add(bucket_of({*value, step, from_micros(visited.raw.time)}));
    return true;
  }));
  return drawer.finish();
}

}  // namespace stoker::metrics
