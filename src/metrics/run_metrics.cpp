#include "metrics/run_metrics.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <unordered_map>

#include <fmt/format.h>

namespace stoker::metrics {
namespace {

constexpr std::size_t kReadChunk = 1U << 20;
constexpr std::size_t kPointsPerBlock = 8192;
constexpr std::size_t kValuesPerBlock = 65'536;

std::string parent_of(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }

/// Calls `take(payload, offset, size)` for each good block of [start, end) until it says false; ends quietly at the first torn one.
template <class Take>
Status for_each_block(int fd, std::uint64_t start, std::uint64_t end, Take take) {
  std::size_t chunk = kReadChunk;
  while (start < end) {
    TRY(const auto bytes, io::read_at(fd, start, std::min<std::uint64_t>(chunk, end - start)));
    std::string_view rest(bytes);
    FoundBlock block;
    auto found = find_block(rest, block);
    if (found == Found::kIncomplete && block.size > bytes.size() && bytes.size() == chunk) {
      chunk = block.size;
      continue;
    }
    if (found != Found::kBlock) return ok();
    for (; found == Found::kBlock; found = find_block(rest, block)) {
      if (!take(block.payload, start, block.size)) return ok();
      start += block.size;
      rest.remove_prefix(block.size);
    }
    if (found == Found::kDamaged) return ok();
    chunk = kReadChunk;
  }
  return ok();
}

const MetricPoint& point_of(const NumberedPoint& numbered) { return numbered.second; }
const MetricPoint& point_of(const MetricPoint& point) { return point; }

/// The points of the next block, taken off: a block stays small enough to be read for one point.
template <class AnyPoint>
std::span<const AnyPoint> take_block(std::span<const AnyPoint>& points, std::vector<const MetricPoint*>& out) {
  std::size_t values = 0;
  std::size_t length = 0;
  while (length < points.size() && length < kPointsPerBlock && values < kValuesPerBlock) {
    out.push_back(&point_of(points[length++]));
    values += out.back()->values.size();
  }
  const auto taken = points.first(length);
  points = points.subspan(length);
  return taken;
}

bool is_blank(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

MetricPoint to_point(const Shape& shape, RawPoint raw) {
  return MetricPoint{shape.name, shape.kind, std::move(raw.values), shape.columns, raw.step, raw.time};
}

}  // namespace

void RunMetrics::State::take(const BlockInfo& info, std::uint64_t size) {
  blocks.push_back({end, points});
  end += size;
  points += info.count;
  if (info.attempt == 0) {
    if (info.rest == 0) calls[info.writer] = info.last_seq;
    return;
  }
  attempt = info.attempt;
  last_seq = info.last_seq;
}

void RunMetrics::State::cut(std::size_t count, std::uint64_t known) {
  end = blocks[count].offset;
  points = blocks[count].first_index;
  blocks.resize(count);
  shapes.cut(known);
}

void RunMetrics::close() {
  const std::lock_guard lock(mutex_);
  file_.reset();
  is_writable_ = false;
}

Status RunMetrics::scan() {
  TRY(const auto header, io::read_at(file_->get(), 0, kHeaderSize));
  if (header.size() < kHeaderSize || is_blank(header)) {
    exists_ = false;  // the header never reached the disk, so nothing was acknowledged
    file_.reset();
    return ok();
  }
  const auto version = check_header(header);
  if (!version) return Error(version.error()).at("reading " + path_);
  TRY(const auto size, io::file_size(file_->get()));
  state_ = State{};
  state_.version = *version;
  struct Begun {
    std::size_t blocks;
    std::uint64_t shapes;
  };
  std::optional<Begun> call;  // began, and its last block was not seen yet
  CHECK_OK(for_each_block(file_->get(), kHeaderSize, std::min(size, durable_end_.value_or(size)),
                          [&](std::string_view payload, std::uint64_t, std::size_t length) {
                            BlockInfo info;
                            const Begun here{state_.blocks.size(), state_.shapes.size()};
                            if (!BlockReader(payload).begin(info, state_.shapes)) {
                              state_.shapes.cut(here.shapes);
                              return false;
                            }
                            if (info.rest == 0) call.reset();
                            else if (!call) call = here;
                            state_.take(info, length);
                            return true;
                          }));
  if (call) state_.cut(call->blocks, call->shapes);
  return ok();
}

/// Opens the file if it must, and follows its blocks once.
Status RunMetrics::load() {
  if (!is_loaded_) exists_ = io::exists(path_);
  if (exists_ && !file_) {
    TRY(auto file, io::open_file(path_, O_RDONLY));
    file_ = std::make_shared<io::Fd>(std::move(file));
  }
  if (exists_ && !is_loaded_) {
    if (const auto good = scan(); !good) {
      file_.reset();
      return good.error();
    }
  }
  is_loaded_ = true;
  return ok();
}

Status RunMetrics::create() {
  CHECK_OK(io::make_directories(parent_of(path_)));
  TRY(auto file, io::open_file(path_, O_RDWR | O_CREAT, 0600));
  CHECK_OK(io::write_all_at(file.get(), encode_header(), 0));
  durable_end_ = kHeaderSize;
  state_ = State{};
  file_ = std::make_shared<io::Fd>(std::move(file));
  exists_ = is_writable_ = is_new_ = true;
  is_dirty_ = true;
  return ok();
}

Status RunMetrics::open_for_writing() {
  CHECK_OK(load());
  if (is_writable_) return ok();
  if (!exists_) return create();
  TRY(auto file, io::open_file(path_, O_RDWR));
  TRY(const auto size, io::file_size(file.get()));
  if (size > state_.end && ::ftruncate(file.get(), static_cast<off_t>(state_.end)) != 0) return errno_error("cannot cut " + path_, errno);
  if (!durable_end_) {
    // What a killed server wrote last may be in the page cache only.
    CHECK_OK(io::sync_file(file.get()));
    durable_end_ = state_.end;
  }
  file_ = std::make_shared<io::Fd>(std::move(file));
  is_writable_ = true;
  return ok();
}

Status RunMetrics::append(int attempt, std::span<const NumberedPoint> points) {
  const std::lock_guard lock(mutex_);
  if (points.empty()) return ok();
  if (attempt < 1) return Error(ErrorCode::kProtocol, fmt::format("{} is not the number of an attempt", attempt));
  CHECK_OK(open_for_writing());
  const auto number = static_cast<std::uint64_t>(attempt);
  if (number < state_.attempt) return ok();
  while (!points.empty() && number == state_.attempt && points.front().first <= state_.last_seq) points = points.subspan(1);
  std::vector<Planned> planned;
  while (!points.empty()) {
    auto& block = planned.emplace_back();
    const auto taken = take_block(points, block.points);
    block.info = {.attempt = number, .last_seq = taken.back().first, .count = taken.size()};
  }
  return planned.empty() ? ok() : write(planned);
}

Status RunMetrics::append_call(const std::string& writer, std::uint64_t sequence, std::span<const MetricPoint> points) {
  const std::lock_guard lock(mutex_);
  CHECK_OK(open_for_writing());
  const auto known = state_.calls.find(writer);
  const auto last = known == state_.calls.end() ? 0 : known->second;
  if (sequence <= last) return ok();
  if (sequence != last + 1)
    return Error(ErrorCode::kConflict, fmt::format("call {} of the writer {} came before call {}", sequence, writer, last + 1))
        .hint("send the calls of one writer in order, each once the one before was answered");
  std::vector<Planned> planned;
  do {
    auto& block = planned.emplace_back();
    const auto taken = take_block(points, block.points);
    block.info = {.attempt = 0, .last_seq = sequence, .count = taken.size(), .writer = writer};
  } while (!points.empty());
  for (std::size_t i = 0; i < planned.size(); ++i) planned[i].info.rest = planned.size() - 1 - i;
  CHECK_OK(upgrade());
  return write(planned);
}

Result<std::uint64_t> RunMetrics::last_call(const std::string& writer) {
  const std::lock_guard lock(mutex_);
  CHECK_OK(load());
  const auto known = state_.calls.find(writer);
  return known == state_.calls.end() ? 0 : known->second;
}

/// A file of version 1 gets its first call: who knows that version only must not read on.
Status RunMetrics::upgrade() {
  if (state_.version == kVersion) return ok();
  CHECK_OK(io::write_all_at(file_->get(), encode_header(), 0));
  CHECK_OK(io::sync_file(file_->get()));
  state_.version = kVersion;
  return ok();
}

Status RunMetrics::write(const std::vector<Planned>& planned) {
  const auto known = state_.shapes.size();
  std::string bytes;
  std::vector<std::size_t> sizes;
  for (const auto& block : planned) {
    const auto before = bytes.size();
    encode_block(block.info, block.points, state_.shapes, bytes);
    sizes.push_back(bytes.size() - before);
  }
  if (const auto done = io::write_all_at(file_->get(), bytes, state_.end); !done) {
    state_.shapes.cut(known);
    return done.error();
  }
  for (std::size_t i = 0; i < planned.size(); ++i) state_.take(planned[i].info, sizes[i]);
  is_dirty_ = true;
  return ok();
}

Status RunMetrics::sync() {
  const std::lock_guard only(sync_mutex_);
  std::unique_lock lock(mutex_);
  if (failure_) return Error(*std::exchange(failure_, std::nullopt));
  if (!is_dirty_) return ok();
  CHECK_OK(open_for_writing());
  const auto file = file_;
  const auto end = state_.end;
  const bool is_new = is_new_;
  is_dirty_ = false;
  lock.unlock();
  auto done = io::sync_file(file->get());
  if (done && is_new) done = io::sync_directory(parent_of(path_));
  if (done && is_new) done = io::sync_directory(parent_of(parent_of(path_)));
  lock.lock();
  if (!done) {
    roll_back(done.error(), end);
    return done.error();
  }
  durable_end_ = end;
  is_new_ = false;
  return ok();
}

/// After a failed fsync the kernel may have dropped the pages: what was not durable counts as never written.
void RunMetrics::roll_back(const Error& error, std::uint64_t end_seen) {
  if (state_.end > end_seen) failure_ = error;
  file_.reset();
  is_writable_ = is_loaded_ = false;
  is_dirty_ = true;
}

Result<std::uint64_t> RunMetrics::count() {
  const std::lock_guard lock(mutex_);
  CHECK_OK(load());
  return state_.points;
}

namespace {

/// Gathers points into series, numbers them, and keeps at most so many of each.
class Gatherer {
 public:
  Gatherer(const std::optional<std::string>& name, std::size_t max_points) : name_(name), max_points_(max_points) {}

  bool take(std::string_view payload) {
    BlockReader reader(payload);
    BlockInfo info;
    if (!reader.begin(info, shapes_)) return false;
    RawPoint raw;
    for (std::uint64_t i = 0; i < info.count; ++i, ++index_) {
      if (!reader.next(raw, [&](std::uint64_t shape) { return is_wanted(shape); })) return false;
      auto* series = series_of(raw.shape);
      if (series == nullptr) continue;
      if (series->count++ < max_points_) series->points.push_back(Point{index_, raw.step, raw.time, std::move(raw.values)});
      raw.values.clear();
    }
    return true;
  }
  std::vector<Series> finish() { return std::move(series_); }

 private:
  bool is_wanted(std::uint64_t shape) {
    const auto* series = series_of(shape);
    return series != nullptr && series->count < max_points_;
  }
  Series* series_of(std::uint64_t shape) {
    if (shape >= places_.size()) places_.resize(shapes_.size());
    auto& place = places_[shape];
    if (!place) {
      const auto& known = shapes_.at(shape);
      const bool is_one = !name_ || *name_ == known.name;
      place = is_one ? static_cast<std::int64_t>(series_.size()) : -1;
      if (is_one) series_.push_back(Series{known.name, known.kind, known.columns, {}, 0});
    }
    return *place < 0 ? nullptr : &series_[static_cast<std::size_t>(*place)];
  }

  const std::optional<std::string>& name_;
  const std::size_t max_points_;
  Dictionary shapes_;
  std::vector<std::optional<std::int64_t>> places_;  // by shape; -1: not wanted
  std::vector<Series> series_;
  std::uint64_t index_ = 0;
};

}  // namespace

Result<std::vector<Series>> RunMetrics::read(const std::optional<std::string>& name, std::size_t max_points) {
  std::unique_lock lock(mutex_);
  CHECK_OK(load());
  if (!exists_) return std::vector<Series>();
  const auto file = file_;
  const auto end = state_.end;
  lock.unlock();
  Gatherer gatherer(name, max_points);
  CHECK_OK(
      for_each_block(file->get(), kHeaderSize, end, [&](std::string_view payload, std::uint64_t, std::size_t) { return gatherer.take(payload); }));
  return gatherer.finish();
}

Result<std::vector<MetricPoint>> RunMetrics::tail(std::uint64_t from_index, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  CHECK_OK(load());
  std::vector<MetricPoint> points;
  if (from_index >= state_.points || limit == 0) return points;
  const auto after = std::ranges::upper_bound(state_.blocks, from_index, {}, &Block::first_index);
  auto index = std::prev(after)->first_index;
  CHECK_OK(for_each_block(file_->get(), std::prev(after)->offset, state_.end, [&](std::string_view payload, std::uint64_t, std::size_t) {
    BlockReader reader(payload);
    BlockInfo info;
    if (!reader.begin(info, state_.shapes.size())) return false;
    for (std::uint64_t i = 0; i < info.count && points.size() < limit; ++i, ++index) {
      RawPoint raw;
      if (!reader.next(raw)) return false;
      if (index >= from_index) points.push_back(to_point(state_.shapes.at(raw.shape), std::move(raw)));
    }
    return points.size() < limit;
  }));
  return points;
}

Status RunMetrics::remove() {
  const std::lock_guard only(sync_mutex_);
  const std::lock_guard lock(mutex_);
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) return errno_error("cannot remove " + path_, errno);
  file_.reset();
  is_loaded_ = exists_ = is_writable_ = is_new_ = false;
  is_dirty_ = false;
  durable_end_.reset();
  state_ = State{};
  return ok();
}

}  // namespace stoker::metrics
