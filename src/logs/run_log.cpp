#include "logs/run_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include <fmt/format.h>

namespace stoker::logs {
namespace {

constexpr std::size_t kIndexChunk = kEntrySize * 4096;
constexpr std::uint32_t kLongestSpan = 1U << 30;
constexpr Duration kSameMoment{100'000};  // output of one stream within it shares an entry

std::string parent_of(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }

Status cut(int fd, std::uint64_t size) {
  TRY(const auto present, io::file_size(fd));
  if (present > size && ::ftruncate(fd, static_cast<off_t>(size)) != 0) return errno_error("cannot cut a torn log", errno);
  return ok();
}

bool is_blank(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

Span to_span(const Entry& entry) { return Span{entry.stream, sum(entry.before), entry.length, entry.time}; }

}  // namespace

/// What one append is going to write: bytes that follow the present end, and their entries.
struct RunLog::Batch {
  IndexState state;
  std::string bytes;
  std::vector<Entry> entries;
};

void RunLog::close() {
  const std::lock_guard lock(mutex_);
  text_.reset();
  index_.reset();
  is_writable_ = false;
}

Status RunLog::open_for_reading() {
  if (text_.is_open()) return ok();
  TRY(auto index, io::open_file(stem_ + ".idx", O_RDONLY));
  TRY(text_, io::open_file(stem_ + ".log", O_RDONLY));
  index_ = std::move(index);
  return ok();
}

/// Reads the index to its last good entry. A torn tail is passed over here and cut by the first append.
Status RunLog::load() {
  if (is_loaded_) return ok();
  exists_ = io::exists(stem_ + ".idx") && io::exists(stem_ + ".log");
  if (!exists_) {
    is_loaded_ = true;
    return ok();
  }
  CHECK_OK(open_for_reading());
  TRY(const auto header, io::read_at(index_.get(), 0, kHeaderSize));
  if (header.size() < kHeaderSize || is_blank(header)) {
    exists_ = false;  // the header never reached the disk, so nothing was acknowledged
    is_loaded_ = true;
    text_.reset();
    index_.reset();
    return ok();
  }
  if (const auto good = check_header(header); !good) return Error(good.error()).at("reading " + stem_ + ".idx");
  TRY(const auto text_size, io::file_size(text_.get()));
  IndexState state;
  for (;;) {
    TRY(const auto chunk, io::read_at(index_.get(), kHeaderSize + state.entries * kEntrySize, kIndexChunk));
    if (!follow(chunk, state) || chunk.size() < kIndexChunk) break;
  }
  if (sum(state.totals) > text_size)
    return Error(ErrorCode::kSnapshotCorrupt, fmt::format("{}.log has {} bytes, its index names {}", stem_, text_size, sum(state.totals)));
  durable_ = now_ = state;
  is_loaded_ = true;
  return ok();
}

Status RunLog::create() {
  CHECK_OK(io::make_directories(parent_of(stem_)));
  if (io::exists(stem_ + ".log")) {
    // Text without an index was never acknowledged, or somebody removed the index: kept under another name rather than overwritten.
    if (::rename((stem_ + ".log").c_str(), (stem_ + ".log.orphan").c_str()) != 0) return errno_error("cannot set aside " + stem_ + ".log", errno);
  }
  TRY(text_, io::open_file(stem_ + ".log", O_RDWR | O_CREAT, 0600));
  TRY(index_, io::open_file(stem_ + ".idx", O_RDWR | O_CREAT | O_TRUNC, 0600));
  CHECK_OK(io::write_all_at(index_.get(), encode_header(), 0));
  exists_ = is_writable_ = is_new_ = true;
  is_dirty_ = true;
  return ok();
}

Status RunLog::open_for_writing() {
  CHECK_OK(load());
  if (is_writable_) return ok();
  if (!exists_) return create();
  TRY(auto text, io::open_file(stem_ + ".log", O_RDWR));
  TRY(auto index, io::open_file(stem_ + ".idx", O_RDWR));
  // With entries pending the tail is ours: it was closed for want of descriptors, not torn.
  if (pending_.empty()) {
    CHECK_OK(cut(text.get(), sum(durable_.totals)));
    CHECK_OK(cut(index.get(), kHeaderSize + durable_.entries * kEntrySize));
  }
  // What a killed server wrote last may be in the page cache only; its text was durable before.
  if (pending_.empty()) CHECK_OK(io::sync_file(index.get()));
  text_ = std::move(text);
  index_ = std::move(index);
  is_writable_ = true;
  return ok();
}

void RunLog::add_span(const Piece& piece, std::string_view data, Batch& batch) {
  Entry entry{Entry::Kind::kSpan, piece.stream, 0, batch.state.attempt, piece.time, batch.state.totals};
  while (!data.empty()) {
    const auto part = data.substr(0, kLongestSpan);
    entry.length = static_cast<std::uint32_t>(part.size());
    entry.before = batch.state.totals;
    batch.state.take(entry);
    batch.entries.push_back(entry);
    batch.bytes.append(part);
    data.remove_prefix(part.size());
  }
}

Status RunLog::plan(int attempt, std::span<const Piece> pieces, Batch& batch) const {
  batch.state = now_;
  for (const auto& piece : pieces) {
    if (piece.data.empty()) continue;
    if (piece.stream < 1 || piece.stream > kStreamCount)
      return Error(ErrorCode::kProtocol, fmt::format("output of the unknown stream {}", piece.stream));
    if (static_cast<std::uint32_t>(attempt) > batch.state.attempt) {
      const Entry begin{Entry::Kind::kAttempt, 0, 0, static_cast<std::uint32_t>(attempt), piece.time, batch.state.totals};
      batch.state.take(begin);
      batch.entries.push_back(begin);
    }
    const auto present = sum(batch.state.totals) - batch.state.attempt_base;
    if (piece.offset > present)
      return Error(ErrorCode::kProtocol, fmt::format("output of attempt {} goes on at byte {}, only {} are here", attempt, piece.offset, present));
    if (piece.offset + piece.data.size() <= present) continue;
    add_span(piece, piece.data.substr(present - piece.offset), batch);
  }
  return ok();
}

Status RunLog::append(int attempt, std::span<const Piece> pieces) {
  const std::lock_guard lock(mutex_);
  if (pieces.empty()) return ok();
  if (attempt < 1) return Error(ErrorCode::kProtocol, fmt::format("{} is not the number of an attempt", attempt));
  CHECK_OK(open_for_writing());
  if (static_cast<std::uint32_t>(attempt) < now_.attempt) return ok();
  Batch batch;
  CHECK_OK(plan(attempt, pieces, batch));
  if (batch.entries.empty()) return ok();
  CHECK_OK(io::write_all_at(text_.get(), batch.bytes, end()));
  for (const auto& entry : batch.entries) {
    auto* last = pending_.empty() ? nullptr : &pending_.back();
    const bool joins = pending_.size() > sealed_ && entry.kind == Entry::Kind::kSpan && last->kind == Entry::Kind::kSpan &&
                       last->stream == entry.stream && entry.time - last->time < kSameMoment &&
                       last->length + std::uint64_t{entry.length} <= kLongestSpan;
    if (joins) last->length += entry.length;
    else pending_.push_back(entry);
  }
  batch.state.entries = entry_count();
  now_ = batch.state;
  is_dirty_ = true;
  return ok();
}

Status RunLog::blot(int attempt, std::uint64_t offset, std::uint64_t length) {
  const std::lock_guard lock(mutex_);
  CHECK_OK(open_for_writing());
  const bool is_here = static_cast<std::uint32_t>(attempt) == now_.attempt && now_.attempt_base + offset + length <= end();
  if (!is_here) return ok();
  CHECK_OK(io::write_all_at(text_.get(), std::string(length, '*'), now_.attempt_base + offset));
  is_dirty_ = true;
  return ok();
}

Status RunLog::write_durably(const std::vector<Entry>& entries, std::uint64_t at, bool is_new) {
  CHECK_OK(io::sync_file(text_.get()));
  std::string bytes;
  for (const auto& entry : entries) encode(entry, bytes);
  if (!bytes.empty()) CHECK_OK(io::write_all_at(index_.get(), bytes, kHeaderSize + at * kEntrySize));
  CHECK_OK(io::sync_file(index_.get()));
  if (!is_new) return ok();
  CHECK_OK(io::sync_directory(parent_of(stem_)));
  return io::sync_directory(parent_of(parent_of(stem_)));
}

Status RunLog::sync() {
  const std::lock_guard only(sync_mutex_);
  std::unique_lock lock(mutex_);
  if (failure_) return Error(*std::exchange(failure_, std::nullopt));
  if (!is_dirty_) return ok();
  CHECK_OK(open_for_writing());
  auto entries = pending_;
  const auto after = now_;
  const auto at = durable_.entries;
  const bool is_new = is_new_;
  is_dirty_ = false;
  sealed_ = pending_.size();
  lock.unlock();
  const auto done = write_durably(entries, at, is_new);
  lock.lock();
  if (!done) {
    roll_back(done.error(), entries.size());
    return done.error();
  }
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(entries.size()));
  sealed_ = 0;
  durable_ = after;
  durable_.entries = at + entries.size();
  is_new_ = false;
  return ok();
}

/// After a failed fsync the kernel may have dropped the pages: what was not durable counts as never written.
void RunLog::roll_back(const Error& error, std::uint64_t entries_seen) {
  if (pending_.size() > entries_seen) failure_ = error;
  pending_.clear();
  sealed_ = 0;
  now_ = durable_;
  is_dirty_ = true;
}

Result<std::uint64_t> RunLog::size(int stream) {
  const std::lock_guard lock(mutex_);
  CHECK_OK(load());
  return stream == kAllStreams ? end() : now_.totals[static_cast<std::size_t>(stream - 1)];
}

Result<std::uint32_t> RunLog::newest_attempt() {
  const std::lock_guard lock(mutex_);
  CHECK_OK(load());
  return now_.attempt;
}

Result<Entry> RunLog::entry(std::uint64_t number) {
  if (number >= durable_.entries) return pending_[number - durable_.entries];
  TRY(const auto bytes, io::read_at(index_.get(), kHeaderSize + number * kEntrySize, kEntrySize));
  Entry entry;
  if (!decode(bytes, entry)) return Error(ErrorCode::kSnapshotCorrupt, fmt::format("entry {} of {}.idx is damaged", number, stem_));
  return entry;
}

/// The last entry that begins at or before `offset` of the stream, by bisection.
Result<std::uint64_t> RunLog::first_entry_at(std::uint64_t offset, int stream) {
  const auto start = [&](const Entry& entry) {
    return stream == kAllStreams ? sum(entry.before) : entry.before[static_cast<std::size_t>(stream - 1)];
  };
  std::uint64_t low = 0;
  std::uint64_t high = entry_count();
  while (high - low > 1) {
    const auto middle = low + (high - low) / 2;
    TRY(const auto probe, entry(middle));
    if (start(probe) <= offset) low = middle;
    else high = middle;
  }
  return low;
}

Result<std::string> RunLog::read(std::uint64_t offset, std::size_t limit, int stream) {
  const std::lock_guard lock(mutex_);
  CHECK_OK(load());
  const auto total = stream == kAllStreams ? end() : now_.totals[static_cast<std::size_t>(stream - 1)];
  if (offset >= total || limit == 0) return std::string();
  CHECK_OK(open_for_reading());
  const auto wanted = std::min<std::uint64_t>(limit, total - offset);
  if (stream == kAllStreams) return io::read_at(text_.get(), offset, wanted);
  std::string bytes;
  TRY(auto number, first_entry_at(offset, stream));
  for (; bytes.size() < wanted && number < entry_count(); ++number) {
    TRY(const auto span, entry(number));
    if (span.stream != stream) continue;
    const auto skip = offset + bytes.size() - span.before[static_cast<std::size_t>(stream - 1)];
    if (skip >= span.length) continue;
    const auto part = std::min<std::uint64_t>(span.length - skip, wanted - bytes.size());
    TRY(const auto piece, io::read_at(text_.get(), sum(span.before) + skip, part));
    bytes += piece;
  }
  return bytes;
}

Result<std::vector<LogStore::Tail>> RunLog::tail(int attempt, int stream, std::uint64_t offset, std::size_t limit) {
  constexpr std::uint64_t kEntriesBack = 4096;  // a stream that was silent for longer than that has no tail
  const std::lock_guard lock(mutex_);
  CHECK_OK(load());
  std::vector<LogStore::Tail> tails;
  if (static_cast<std::uint32_t>(attempt) != now_.attempt || end() == 0) return tails;
  CHECK_OK(open_for_reading());
  const auto first = entry_count() > kEntriesBack ? entry_count() - kEntriesBack : 0;
  for (auto number = entry_count(); number-- > first && limit > 0;) {
    TRY(const auto span, entry(number));
    if (span.kind == Entry::Kind::kAttempt) break;
    const auto start = sum(span.before) - now_.attempt_base;
    if (span.stream != stream || start >= offset) continue;
    const auto here = std::min<std::uint64_t>(span.length, offset - start);
    const auto part = std::min<std::uint64_t>(here, limit);
    TRY(auto bytes, io::read_at(text_.get(), now_.attempt_base + start + here - part, part));
    tails.push_back({start + here - part, std::move(bytes)});
    limit -= part;
  }
  std::ranges::reverse(tails);
  return tails;
}

Result<std::vector<Span>> RunLog::spans(std::uint64_t offset, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  CHECK_OK(load());
  std::vector<Span> list;
  if (offset >= end()) return list;
  CHECK_OK(open_for_reading());
  TRY(auto number, first_entry_at(offset, kAllStreams));
  for (; list.size() < limit && number < entry_count(); ++number) {
    TRY(const auto next, entry(number));
    if (next.kind == Entry::Kind::kSpan) list.push_back(to_span(next));
  }
  return list;
}

Status RunLog::remove() {
  const std::lock_guard only(sync_mutex_);
  const std::lock_guard lock(mutex_);
  for (const auto* suffix : {".log", ".idx"}) {
    if (::unlink((stem_ + suffix).c_str()) != 0 && errno != ENOENT) return errno_error("cannot remove " + stem_ + suffix, errno);
  }
  text_.reset();
  index_.reset();
  is_loaded_ = exists_ = is_writable_ = is_new_ = false;
  is_dirty_ = false;
  durable_ = now_ = IndexState{};
  pending_.clear();
  sealed_ = 0;
  return ok();
}

}  // namespace stoker::logs
