#include "metrics/log.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "base/crc32c.hpp"
#include "base/log.hpp"

namespace stoker::metrics {
namespace {

constexpr std::uint32_t kSegmentSize = 8U << 20;  // the next one is begun behind this; the last record may lie across it
constexpr std::size_t kLongestRecord = 1U << 30;
constexpr std::size_t kMostFree = 3;
constexpr std::size_t kMostFailures = 1000;
constexpr std::string_view kEnding = ".log";

}  // namespace

Result<std::unique_ptr<Log>> Log::open(std::string directory, std::uint32_t first_segment, const Replay& replay) {
  CHECK_OK(io::make_directories(directory));
  std::unique_ptr<Log> log(new Log(std::move(directory)));
  CHECK_OK(log->load(first_segment, replay));
  return log;
}

std::string Log::new_path() {
  for (;;) {
    auto path = fmt::format("{}/{}{}", directory_, next_file_++, kEnding);
    if (!io::exists(path)) return path;
  }
}

/// Follows the chain of segments back from the newest, then reads it from its beginning up to the first gap.
Status Log::load(std::uint32_t first_segment, const Replay& replay) {
  next_number_ = first_segment;
  std::map<std::uint32_t, std::shared_ptr<Segment>> found;
  TRY(const auto names, io::list_directory(directory_));
  for (const auto& name : names) {
    if (!name.ends_with(kEnding)) continue;
    TRY(auto segment, Segment::open(directory_ + "/" + name));
    TRY(const auto bytes, io::read_at(segment->fd(), 0, kSegmentHeaderSize));
    TRY(const auto header, decode_segment_header(bytes));
    if (!header || found.contains(header->number)) {
      free_.push_back(std::move(segment));
      continue;
    }
    segment->header = *header;
    next_number_ = std::max(next_number_, header->number + 1);
    found.emplace(header->number, std::move(segment));
  }
  std::vector<std::pair<std::shared_ptr<Segment>, std::optional<Position>>> chain;
  std::optional<Position> end;
  for (auto at = found.empty() ? found.end() : std::prev(found.end()); at != found.end();) {
    chain.emplace_back(at->second, end);
    end = at->second->header.previous;
    found.erase(at);
    at = found.find(segment_of(*end));
  }
  for (auto& [number, segment] : found) free_.push_back(segment);
  std::ranges::reverse(chain);
  bool has_gap = false;
  for (const auto& [segment, upto] : chain) {
    if (has_gap) {
      free_.push_back(segment);
      continue;
    }
    TRY(end_, read_segment(*segment, upto, replay));
    used_.emplace(segment->header.number, segment);
    has_gap = upto && end_ != *upto;
    if (has_gap) log::error("metrics", "the log has a gap: what came after it is lost", {{"segment", segment->path()}});
  }
  // What a killed server wrote last may be in the page cache only.
  for (const auto& [number, segment] : used_) CHECK_OK(io::sync_file(segment->fd()));
  if (!names.empty()) CHECK_OK(io::sync_directory(directory_));
  durable_ = end_;
  return ok();
}

/// The end of the last record, at most `end`.
Result<Position> Log::read_segment(const Segment& segment, std::optional<Position> end, const Replay& replay) {
  TRY(auto bytes, io::read_at(segment.fd(), 0, segment.size()));
  if (end) bytes.resize(std::min<std::size_t>(bytes.size(), offset_of(*end)));
  const auto number = segment.header.number;
  auto offset = static_cast<std::uint32_t>(kSegmentHeaderSize);
  while (offset < bytes.size()) {
    const auto payload = find_record(std::string_view(bytes).substr(offset), number, offset);
    if (!payload) break;
    offset += static_cast<std::uint32_t>(kRecordHeaderSize + payload->size());
    replay(make_position(number, offset), *payload);
  }
  return make_position(number, offset);
}

/// A used file where there is one, else a new one. The end of what counts in the segment before stands in its header.
Status Log::begin_segment(std::size_t first_record) {
  if (free_.empty()) {
    TRY(auto segment, Segment::open(new_path()));
    free_.push_back(std::move(segment));
  }
  auto segment = free_.back();
  CHECK_OK(segment->make_room(kSegmentHeaderSize + first_record));
  free_.pop_back();
  segment->header = {.number = next_number_++, .previous = end_};
  pending_.push_back({segment, 0, encode_segment_header(segment->header), std::exchange(segment->is_new, false)});
  used_[segment->header.number] = segment;
  end_ = make_position(segment->header.number, kSegmentHeaderSize);
  is_open_ = true;
  return ok();
}

Result<Position> Log::append(std::string_view payload) {
  if (payload.size() > kLongestRecord)
    return Error(ErrorCode::kInputTooLarge, fmt::format("{} bytes of metrics in one call are too many", payload.size()))
        .hint("send them in several calls");
  const auto checksum = crc32c(payload);
  const auto length = kRecordHeaderSize + payload.size();
  const std::lock_guard lock(mutex_);
  if (is_failing_) return Error(failures_.back().error);
  if (!is_open_ || offset_of(end_) >= kSegmentSize) CHECK_OK(begin_segment(length));
  const auto& segment = used_.rbegin()->second;
  const auto offset = offset_of(end_);
  CHECK_OK(segment->make_room(offset + length));
  if (pending_.empty() || pending_.back().segment != segment) pending_.push_back({segment, offset, {}, false});
  put_record(pending_.back().bytes, payload, checksum, segment->header.number, offset);
  end_ += length;
  return end_;
}

const Log::Failure* Log::failure_of(Position position) const {
  const auto found = std::ranges::find_if(failures_, [&](const Failure& failure) { return failure.from < position && position <= failure.upto; });
  return found == failures_.end() ? nullptr : &*found;
}

Status Log::write(const std::vector<Pending>& taken) {
  bool has_new = false;
  for (std::size_t i = 0; i < taken.size(); ++i) {
    CHECK_OK(io::write_all_at(taken[i].segment->fd(), taken[i].bytes, taken[i].offset));
    has_new |= taken[i].is_new;
    // One segment before the next: no crash leaves a gap between them.
    if (i + 1 == taken.size() || taken[i + 1].segment != taken[i].segment) CHECK_OK(io::sync_file(taken[i].segment->fd()));
  }
  return has_new ? io::sync_directory(directory_) : ok();
}

Status Log::sync(Position upto) {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return !is_failing_; });
    if (const auto* failure = failure_of(upto)) return Error(failure->error);
    if (upto <= durable_) return ok();
    if (!is_syncing_) {
      is_syncing_ = true;
      const auto taken = std::exchange(pending_, {});
      const auto end = end_;
      lock.unlock();
      const auto done = write(taken);
      lock.lock();
      if (done) durable_ = end;
      else fail(lock, done.error());
      is_syncing_ = false;
      changed_.notify_all();
    } else {
      changed_.wait(lock);
    }
  }
}

/// After a failed fsync the kernel may have dropped the pages: what was not durable counts as never written. The segment is left as it is,
/// and the next one says where it ends.
void Log::fail(std::unique_lock<std::mutex>& lock, const Error& error) {
  failures_.push_back({durable_, end_, error});
  if (failures_.size() > kMostFailures) {
    failures_[1].from = failures_[0].from;  // rather told too much than too little
    failures_.pop_front();
  }
  is_failing_ = true;
  is_open_ = false;
  pending_.clear();
  end_ = durable_;
  while (!used_.empty() && used_.rbegin()->first > segment_of(durable_)) {
    retire(used_.rbegin()->second);
    free_.back()->is_new = true;
    used_.erase(std::prev(used_.end()));
  }
  lock.unlock();
  if (lost_) lost_(durable_);
  lock.lock();
  is_failing_ = false;
}

/// Without its header nothing of it is read again; where that does not reach the disk, positions tell what is known already.
void Log::retire(const std::shared_ptr<Segment>& segment) {
  (void)io::write_all_at(segment->fd(), std::string(kSegmentHeaderSize, '\0'), 0);
  free_.push_back(segment);
}

Position Log::durable() const {
  const std::lock_guard lock(mutex_);
  return durable_;
}

Position Log::end() const {
  const std::lock_guard lock(mutex_);
  return end_;
}

void Log::release(Position upto) {
  const std::lock_guard lock(mutex_);
  while (!used_.empty() && used_.begin()->first < std::min(segment_of(durable_), segment_of(upto))) {
    retire(used_.begin()->second);
    used_.erase(used_.begin());
  }
  for (; free_.size() > kMostFree; free_.pop_back()) {
    std::error_code ignored;
    std::filesystem::remove(free_.back()->path(), ignored);
  }
  for (const auto& segment : free_) (void)segment->cut(std::uint64_t{2} * kSegmentSize);
}

}  // namespace stoker::metrics
