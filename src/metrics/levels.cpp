#include "metrics/levels.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>

#include "metrics/column.hpp"

namespace stoker::metrics {
namespace {

enum LevelFlag : std::uint8_t { kByPlace = 1, kIsSorted = 2 };
constexpr std::array<Drawn Bucket::*, 4> kParts = {&Bucket::first, &Bucket::last, &Bucket::min, &Bucket::max};

std::uint64_t step_bits(const Drawn& drawn) { return static_cast<std::uint64_t>(drawn.step); }
std::uint64_t time_bits(const Drawn& drawn) { return static_cast<std::uint64_t>(to_micros(drawn.time)); }

using Column = std::vector<std::uint64_t>;

Column column_of(const std::vector<Bucket>& buckets, const std::function<std::uint64_t(const Bucket&)>& get) {
  Column column(buckets.size());
  std::ranges::transform(buckets, column.begin(), get);
  return column;
}

}  // namespace

void encode_levels(const Levels& levels, std::string& out) {
  const auto& buckets = levels.buckets;
  out.push_back(static_cast<char>((levels.by_place ? kByPlace : 0) | (levels.is_sorted ? kIsSorted : 0)));
  put_integers(out, column_of(buckets, [](const Bucket& bucket) { return bucket.nan_count; }));
  for (const auto part : kParts)
    put_reals(out, column_of(buckets, [part](const Bucket& bucket) { return std::bit_cast<std::uint64_t>((bucket.*part).value); }));
  for (const auto get : {step_bits, time_bits}) {
    put_differences(out, column_of(buckets, [get](const Bucket& bucket) { return get(bucket.first); }));
    for (const auto part : {&Bucket::last, &Bucket::min, &Bucket::max})
      put_integers(out, column_of(buckets, [get, part](const Bucket& bucket) { return fold_sign(get(bucket.*part) - get(bucket.first)); }));
  }
}

bool decode_levels(std::string_view bytes, std::uint32_t count, Levels& levels) {
  Cursor cursor(bytes);
  std::uint8_t flags = 0;
  const std::size_t entries = (count + kPointsPerLevel - 1) / kPointsPerLevel;
  Column column, first;
  if (!cursor.byte(flags) || flags > (kByPlace | kIsSorted) || !read_integers(cursor, entries, column)) return false;
  levels = {(flags & kByPlace) != 0, (flags & kIsSorted) != 0, std::vector<Bucket>(entries)};
  for (std::size_t i = 0; i < entries; ++i) {
    levels.buckets[i].count = i + 1 < entries ? kPointsPerLevel : count - kPointsPerLevel * i;
    levels.buckets[i].nan_count = column[i];
  }
  for (const auto part : kParts) {
    if (!read_reals(cursor, entries, column)) return false;
    for (std::size_t i = 0; i < entries; ++i) (levels.buckets[i].*part).value = std::bit_cast<double>(column[i]);
  }
  for (const bool is_time : {false, true}) {
    if (!read_differences(cursor, entries, first)) return false;
    for (const auto part : kParts) {
      if (part != kParts[0] && !read_integers(cursor, entries, column)) return false;
      for (std::size_t i = 0; i < entries; ++i) {
        auto& drawn = levels.buckets[i].*part;
        const auto value = static_cast<std::int64_t>(first[i] + (part == kParts[0] ? 0 : unfold_sign(column[i])));
        if (is_time) drawn.time = from_micros(value);
        else drawn.step = value;
      }
    }
  }
  return cursor.is_at_end();
}

}  // namespace stoker::metrics
