#include "metrics/block_reader.hpp"

#include <algorithm>

#include "base/crc32c.hpp"
#include "metrics/column.hpp"
#include "metrics/point_flags.hpp"

namespace stoker::metrics {
namespace {

Error damaged() {
  return Error(ErrorCode::kDataFormat, "a block of the metrics is damaged").hint("the disk changed it: restore the file from a backup");
}

}  // namespace

Result<std::string> fetch_checked(const BlockReader::Fetch& fetch, const Section& section) {
  if (section.size == 0) return std::string();
  TRY(auto bytes, fetch(section));
  if (bytes.size() != section.size || crc32c(bytes) != section.checksum) return damaged();
  return bytes;
}

template <class Decode>
Status BlockReader::decode(const Section& section, Decode decode) {
  TRY(const auto bytes, checksums_ == Checksums::kCompared ? fetch_checked(fetch_, section) : fetch_(section));
  Cursor cursor(bytes);
  if (!decode(cursor) || !cursor.is_at_end()) return damaged();
  return ok();
}

Status BlockReader::read_columns() {
  const std::size_t points = front_.points;
  CHECK_OK(decode(front_.order, [&](Cursor& cursor) { return read_differences(cursor, points, order_); }));
  CHECK_OK(decode(front_.flags, [&](Cursor& cursor) { return read_integers(cursor, points, flags_); }));
  CHECK_OK(decode(front_.times, [&](Cursor& cursor) { return read_differences(cursor, points, times_); }));
  std::vector<std::uint32_t> counts(front_.series.size());
  std::size_t steps = 0, contexts = 0;
  for (std::size_t i = 0; i < points; ++i) {
    if (order_[i] >= counts.size() || flags_[i] > kAllPointFlags || ++counts[order_[i]] > front_.series[order_[i]].count) return damaged();
    steps += (flags_[i] & kHasStep) != 0 ? 1 : 0;
    contexts += (flags_[i] & kHasContext) != 0 ? 1 : 0;
  }
  CHECK_OK(decode(front_.steps, [&](Cursor& cursor) { return read_integers(cursor, steps, steps_); }));
  CHECK_OK(decode(front_.context_numbers, [&](Cursor& cursor) { return read_integers(cursor, contexts, context_numbers_); }));
  return std::ranges::all_of(context_numbers_, [&](auto number) { return number < front_.contexts.size(); }) ? ok() : damaged();
}

Status BlockReader::read_page(std::size_t number, std::uint64_t values) {
  const auto& page = front_.pages[number];
  auto& read = pages_[number];
  return decode(page.section, [&](Cursor& cursor) {
    switch (page.type) {
      case Page::Type::kReals: return read_reals(cursor, values, read.bits);
      case Page::Type::kWholes: return read_differences(cursor, values, read.bits);
      case Page::Type::kNumbers: return page.per_point == 1 && read_integers(cursor, values, read.are_whole) && read_reals(cursor, values, read.bits);
      default:
        if (!read_packed(cursor, read.bytes)) return false;
        read.cursor = Cursor(read.bytes);
        return true;
    }
  });
}

Status BlockReader::begin(const Wants& wants) {
  sources_.resize(front_.series.size());
  pages_.resize(front_.pages.size());
  std::size_t at = 0;
  for (std::size_t number = 0; number < front_.pages.size(); ++number) {
    const auto& page = front_.pages[number];
    if (page.type >= Page::Type::kNumbers && page.series != 1) return damaged();
    std::uint64_t values = 0;
    bool is_wanted = false;
    for (const auto end = at + page.series; at < end; ++at) {
      sources_[at] = {.is_wanted = wants(front_.series[at].shape), .page = static_cast<std::uint32_t>(number), .first = values};
      is_wanted |= sources_[at].is_wanted;
      values += std::uint64_t{front_.series[at].count} * page.per_point;
      if (values > kLongestColumn) return damaged();
    }
    if (is_wanted) CHECK_OK(read_page(number, values));
  }
  if (std::ranges::none_of(sources_, &Source::is_wanted)) {
    place_ = front_.points;
    return ok();
  }
  return read_columns();
}

bool BlockReader::read_values(Source& source, const BlockSeries& series, std::vector<MetricValue>& values) {
  const auto& page = front_.pages[source.page];
  auto& read = pages_[source.page];
  const auto index = source.next++;
  if (page.type == Page::Type::kMixed) return metrics::read_values(read.cursor, values);
  values.resize(page.per_point);
  for (std::uint32_t i = 0; i < page.per_point; ++i) {
    const auto at = source.first + std::uint64_t{i} * series.count + index;
    const auto bits = read.bits[at];
    if (page.type == Page::Type::kWholes) values[i] = static_cast<std::int64_t>(bits);
    else if (page.type == Page::Type::kNumbers && read.are_whole[at] != 0) values[i] = static_cast<std::int64_t>(std::bit_cast<double>(bits));
    else values[i] = std::bit_cast<double>(bits);
  }
  return true;
}

bool BlockReader::next(RawPoint& point, std::uint32_t& place) {
  while (place_ < front_.points) {
    const auto at = place_++;
    const auto rank = order_[at];
    auto& source = sources_[rank];
    point.step.reset();
    if ((flags_[at] & kHasStep) != 0) {
      source.step = (source.has_step ? source.step : step_before_) + unfold_sign(steps_[step_++]);
      source.has_step = true;
      step_before_ = source.step;
      point.step = static_cast<std::int64_t>(source.step);
    }
    point.context = (flags_[at] & kHasContext) != 0 ? static_cast<std::uint32_t>(context_numbers_[context_++]) : kNoContext;
    if (!source.is_wanted) continue;
    if (!read_values(source, front_.series[rank], point.values)) return false;
    point.shape = front_.series[rank].shape;
    point.time = static_cast<std::int64_t>(times_[at]);
    point.is_identified = (flags_[at] & kIdentified) != 0;
    place = static_cast<std::uint32_t>(at);
    return true;
  }
  return false;
}

}  // namespace stoker::metrics
