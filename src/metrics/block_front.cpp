#include "metrics/block_front.hpp"

#include <algorithm>

#include "base/crc32c.hpp"
#include "metrics/legacy.hpp"

namespace stoker::metrics {
namespace {

enum FrontFlag : std::uint8_t { kIsLast = 1, kHasSummaries = 2 };
enum SeriesFlag : std::uint8_t { kStepped = 1, kUnstepped = 2, kLevels = 4 };

void put_section(std::string& out, const Section& section) {
  put_number(out, section.size);
  if (section.size > 0) put_u32(out, section.checksum);
}

void put_latest(std::string& out, const BlockLatest& latest) {
  put_real(out, latest.value);
  put_number(out, fold_sign(static_cast<std::uint64_t>(latest.step)));
  put_number(out, fold_sign(static_cast<std::uint64_t>(latest.time)));
}

bool read_latest(Cursor& cursor, BlockLatest& latest) {
  std::uint64_t step = 0, time = 0;
  if (!cursor.real(latest.value) || !cursor.sign_folded(step) || !cursor.sign_folded(time)) return false;
  latest.step = static_cast<std::int64_t>(step);
  latest.time = static_cast<std::int64_t>(time);
  return true;
}

void put_series(std::string& out, const BlockSeries& series, bool has_summaries) {
  put_number(out, series.count);
  if (!has_summaries) return;
  out.push_back(static_cast<char>((series.stepped ? kStepped : 0) | (series.unstepped ? kUnstepped : 0) | (series.levels ? kLevels : 0)));
  if (series.stepped) put_latest(out, *series.stepped);
  if (series.unstepped) put_latest(out, *series.unstepped);
  if (series.levels) put_section(out, *series.levels);
}

/// Reads a front; sections lie in the body in the order in which the front names them.
class FrontReader {
 public:
  FrontReader(std::string_view payload, std::uint64_t known, BlockFront& front) : cursor_(payload), known_(known), front_(front) {}
  bool read() {
    std::uint8_t flags = 0;
    if (!cursor_.byte(flags) || flags > (kIsLast | kHasSummaries) || !read_u32(front_.points) || front_.points > kPointsPerBlock) return false;
    front_.is_last = (flags & kIsLast) != 0;
    front_.has_summaries = (flags & kHasSummaries) != 0;
    if ((front_.is_last && !read_state()) || !read_names() || !read_all_series()) return false;
    for (auto* section : {&front_.order, &front_.flags, &front_.times, &front_.steps, &front_.context_numbers}) {
      if (!read_section(*section)) return false;
    }
    if (!read_pages()) return false;
    front_.body_size = offset_;
    return cursor_.is_at_end();
  }

 private:
  bool read_u32(std::uint32_t& value) {
    std::uint64_t number = 0;
    if (!cursor_.number(number) || number > UINT32_MAX) return false;
    value = static_cast<std::uint32_t>(number);
    return true;
  }
  bool read_section(Section& section) {
    std::string_view checksum;
    if (!cursor_.number(section.size) || section.size > kLongestFront * 16) return false;
    section.offset = offset_;
    offset_ += section.size;
    if (section.size == 0) return true;
    if (!cursor_.bytes(4, checksum)) return false;
    section.checksum = get_u32(checksum);
    return true;
  }
  bool read_state() {
    auto& state = front_.state;
    std::uint64_t calls = 0;
    if (!cursor_.number(state.attempt) || !cursor_.number(state.last_seq) || !cursor_.number(state.folded) || !cursor_.count(calls)) return false;
    for (; calls > 0; --calls) {
      std::string writer;
      if (!cursor_.text(writer) || !cursor_.number(state.calls[writer])) return false;
    }
    return true;
  }
  bool read_names() {
    std::uint64_t shapes = 0, contexts = 0;
    if (!cursor_.count(shapes)) return false;
    front_.new_shapes.resize(shapes);
    if (!std::ranges::all_of(front_.new_shapes, [&](Shape& shape) { return read_shape(cursor_, shape); }) || !cursor_.count(contexts)) return false;
    front_.contexts.resize(contexts);
    return std::ranges::all_of(front_.contexts, [&](Context& context) { return read_context(cursor_, context); });
  }
  bool read_all_series() {
    std::uint64_t count = 0, shape = 0, points = 0;
    if (!cursor_.count(count)) return false;
    front_.series.resize(count);
    for (auto& series : front_.series) {
      std::uint64_t gap = 0;
      if (!cursor_.number(gap) || gap > UINT32_MAX) return false;
      shape += gap;
      if (shape >= known_ + front_.new_shapes.size() || !read_u32(series.count) || series.count == 0) return false;
      series.shape = static_cast<std::uint32_t>(shape++);
      points += series.count;
      if (front_.has_summaries && !read_summary(series)) return false;
    }
    return points == front_.points;
  }
  bool read_summary(BlockSeries& series) {
    std::uint8_t flags = 0;
    if (!cursor_.byte(flags) || flags > (kStepped | kUnstepped | kLevels)) return false;
    if ((flags & kStepped) != 0 && !read_latest(cursor_, series.stepped.emplace())) return false;
    if ((flags & kUnstepped) != 0 && !read_latest(cursor_, series.unstepped.emplace())) return false;
    return (flags & kLevels) == 0 || read_section(series.levels.emplace());
  }
  bool read_pages() {
    std::uint64_t count = 0, covered = 0;
    if (!cursor_.count(count)) return false;
    front_.pages.resize(count);
    for (auto& page : front_.pages) {
      std::uint8_t type = 0;
      if (!read_u32(page.series) || !cursor_.byte(type) || type > static_cast<std::uint8_t>(Page::Type::kMixed)) return false;
      page.type = static_cast<Page::Type>(type);
      if (page.type != Page::Type::kMixed && !read_u32(page.per_point)) return false;
      if (!read_section(page.section)) return false;
      covered += page.series;
    }
    return covered == front_.series.size();
  }

  Cursor cursor_;
  const std::uint64_t known_;
  BlockFront& front_;
  std::uint64_t offset_ = 0;
};

std::string encode_payload(const BlockFront& front) {
  std::string out;
  out.push_back(static_cast<char>((front.is_last ? kIsLast : 0) | (front.has_summaries ? kHasSummaries : 0)));
  put_number(out, front.points);
  if (front.is_last) {
    for (const auto number : {front.state.attempt, front.state.last_seq, front.state.folded, std::uint64_t{front.state.calls.size()}})
      put_number(out, number);
    for (const auto& [writer, last] : front.state.calls) {
      put_text(out, writer);
      put_number(out, last);
    }
  }
  put_number(out, front.new_shapes.size());
  for (const auto& shape : front.new_shapes) put_shape(out, shape);
  put_number(out, front.contexts.size());
  for (const auto& context : front.contexts) put_context(out, context);
  put_number(out, front.series.size());
  std::uint32_t next = 0;
  for (const auto& series : front.series) {
    put_number(out, series.shape - next);
    next = series.shape + 1;
    put_series(out, series, front.has_summaries);
  }
  for (const auto* section : {&front.order, &front.flags, &front.times, &front.steps, &front.context_numbers}) put_section(out, *section);
  put_number(out, front.pages.size());
  for (const auto& page : front.pages) {
    put_number(out, page.series);
    out.push_back(static_cast<char>(page.type));
    if (page.type != Page::Type::kMixed) put_number(out, page.per_point);
    put_section(out, page.section);
  }
  return out;
}

}  // namespace

std::string encode_file_header() {
  std::string out(kFileMagic);
  put_u32(out, kFileVersion);
  put_u32(out, crc32c(out));
  return out;
}

void encode_front(const BlockFront& front, std::string& out) {
  const auto payload = encode_payload(front);
  put_u32(out, static_cast<std::uint32_t>(payload.size()));
  put_u32(out, crc32c(payload));
  out += payload;
}

bool decode_front(std::string_view payload, std::uint64_t known, BlockFront& front) { return FrontReader(payload, known, front).read(); }

std::optional<std::string_view> find_front(std::string_view bytes, std::size_t& needed) {
  needed = kFrontHeaderSize;
  if (bytes.size() < needed) return std::nullopt;
  const std::size_t length = get_u32(bytes);
  if (length == 0 || length > kLongestFront) {
    needed = 0;
    return std::nullopt;
  }
  needed += length;
  if (bytes.size() < needed) return std::nullopt;
  const auto payload = bytes.substr(kFrontHeaderSize, length);
  if (crc32c(payload) == get_u32(bytes.substr(4))) return payload;
  needed = 0;
  return std::nullopt;
}

}  // namespace stoker::metrics
