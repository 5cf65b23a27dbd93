#include "metrics/run_metrics.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "metrics/legacy.hpp"

namespace stoker::metrics {
namespace {

// Of memory, beside the payload.
constexpr std::size_t kRecordCost = 160;
constexpr std::size_t kRunCost = 600;

std::size_t cost_of(const Record& record) { return kRecordCost + record.payload.size(); }

std::vector<const MetricPoint*> pointers_to(std::span<const MetricPoint> points) {
  std::vector<const MetricPoint*> pointers(points.size());
  std::ranges::transform(points, pointers.begin(), [](const MetricPoint& point) { return &point; });
  return pointers;
}

}  // namespace

void take_record(RunState& state, const RecordInfo& info) {
  if (info.kind == RecordInfo::Kind::kCall) state.calls[info.writer] = info.last;
  if (info.kind != RecordInfo::Kind::kJournal) return;
  state.attempt = info.attempt;
  state.last_seq = info.last;
}

void RunMetrics::State::take(const RecordInfo& info) {
  points += info.count;
  take_record(*this, info);
}

/// Of a file of this format.
Result<RunBytes> RunMetrics::open_bytes() const {
  TRY(auto file, io::open_file(path_, O_RDONLY));
  return RunBytes(std::move(file));
}

Status RunMetrics::load_file() {
  legacy_.clear();
  folded_.reset();
  auto file = io::open_file(path_, O_RDONLY);
  if (!file) return file.error().code() == ErrorCode::kNotFound ? ok() : Status(file.error());
  TRY(const auto header, io::read_at(file->get(), 0, kFileHeaderSize));
  auto version = file_version(header);
  if (!version) return version.error().at("reading " + path_);
  if (*version == 0) return ok();
  if (*version > kFileVersion)
    return Error(ErrorCode::kDataFormat, fmt::format("{} has format {}, this version of stoker knows {}", path_, *version, kFileVersion))
        .hint("use the newer stoker that wrote it");
  if (*version == kFileVersion) {
    TRY(folded_, read_folded(RunBytes(std::move(*file))));
    static_cast<RunState&>(state_) = folded_->state;
    state_.points = folded_->points;
    return ok();
  }
  TRY(const auto size, io::file_size(file->get()));
  TRY(const auto bytes, io::read_at(file->get(), 0, size));
  for (auto& payload : legacy_records(run_.text(), bytes)) {
    RecordInfo info;
    if (!RecordReader(payload).begin(info)) break;
    legacy_.push_back(std::make_shared<Record>(Record{0, state_.points, info.count, std::move(payload)}));
    state_.take(info);
  }
  return ok();
}

/// Reads what the file says, then what the records that are not in it add.
Status RunMetrics::load() {
  if (is_loaded_) return ok();
  state_ = State{};
  CHECK_OK(load_file());
  if (removed_ > 0 && (!folded_ || folded_->state.folded < removed_)) {
    CHECK_OK(remove_file());
    folded_.reset();
    legacy_.clear();
    state_ = State{};
  }
  // A crash came between a fold and the log's release.
  std::erase_if(records_, [&](const auto& record) { return record->position <= state_.folded; });
  recount();
  for (auto& record : records_) {
    RecordInfo info;
    if (!RecordReader(record->payload).begin(info)) return Error(ErrorCode::kDataFormat, "a record of the metrics of " + run_.text() + " is damaged");
    if (record->first_index != state_.points) record = std::make_shared<Record>(Record{record->position, state_.points, info.count, record->payload});
    state_.take(info);
  }
  is_loaded_ = true;
  return ok();
}

void RunMetrics::recount() {
  std::size_t bytes = !records_.empty() || removed_ > 0 || must_sync_folder_ ? kRunCost : 0;
  for (const auto& record : records_) bytes += cost_of(*record);
  account(bytes);
}

void RunMetrics::account(std::size_t unfolded) { memory_ += unfolded - unfolded_.exchange(unfolded); }

void RunMetrics::add(Position position, const RecordInfo& info, std::string payload) {
  records_.push_back(std::make_shared<Record>(Record{position, state_.points, info.count, std::move(payload)}));
  state_.take(info);
  account(std::max(unfolded_.load(), kRunCost) + cost_of(*records_.back()));
}

Result<Position> RunMetrics::store(Log& log, RecordInfo info, std::span<const MetricPoint* const> points) {
  info.run = run_.text();
  info.count = points.size();
  std::string payload;
  encode_record(info, points, payload);
  TRY(const auto position, log.append(payload));
  add(position, info, std::move(payload));
  return position;
}

void RunMetrics::replay(Position position, const RecordInfo& info, std::string_view payload) {
  const std::lock_guard lock(mutex_);
  if (info.kind == RecordInfo::Kind::kRemoved) {
    records_.clear();
    removed_ = position;
    state_ = State{};
  } else {
    add(position, info, std::string(payload));
    return;
  }
  recount();
}

void RunMetrics::roll_back(Position durable) {
  const std::lock_guard lock(mutex_);
  if (records_.empty() || records_.back()->position <= durable) return;
  while (!records_.empty() && records_.back()->position > durable) records_.pop_back();
  is_loaded_ = false;
  recount();
}

Result<Position> RunMetrics::append(Log& log, int attempt, std::span<const NumberedPoint> points) {
  const std::lock_guard lock(mutex_);
  if (points.empty()) return 0;
  if (attempt < 1) return Error(ErrorCode::kProtocol, fmt::format("{} is not the number of an attempt", attempt));
  CHECK_OK(load());
  const auto number = static_cast<std::uint64_t>(attempt);
  while (!points.empty() && number == state_.attempt && points.front().first <= state_.last_seq) points = points.subspan(1);
  if (points.empty() || number < state_.attempt) return records_.empty() ? 0 : records_.back()->position;
  std::vector<const MetricPoint*> pointers(points.size());
  std::ranges::transform(points, pointers.begin(), [](const NumberedPoint& point) { return &point.second; });
  return store(log, {.kind = RecordInfo::Kind::kJournal, .attempt = number, .last = points.back().first}, pointers);
}

Result<Position> RunMetrics::append_call(Log& log, const std::string& writer, std::uint64_t sequence, std::span<const MetricPoint> points) {
  const std::lock_guard lock(mutex_);
  CHECK_OK(load());
  const auto known = state_.calls.find(writer);
  const auto last = known == state_.calls.end() ? 0 : known->second;
  if (sequence <= last) return records_.empty() ? 0 : records_.back()->position;
  if (sequence != last + 1)
    return Error(ErrorCode::kConflict, fmt::format("call {} of the writer {} came before call {}", sequence, writer, last + 1))
        .hint("send the calls of one writer in order, each once the one before was answered");
  return store(log, {.kind = RecordInfo::Kind::kCall, .last = sequence, .writer = writer}, pointers_to(points));
}

Result<Position> RunMetrics::append_points(Log& log, std::span<const MetricPoint> points) {
  const std::lock_guard lock(mutex_);
  if (points.empty()) return 0;
  CHECK_OK(load());
  return store(log, {.kind = RecordInfo::Kind::kPlain}, pointers_to(points));
}

Result<std::uint64_t> RunMetrics::last_call(const std::string& writer) {
  const std::lock_guard lock(mutex_);
  CHECK_OK(load());
  const auto known = state_.calls.find(writer);
  return known == state_.calls.end() ? 0 : known->second;
}

Result<std::uint64_t> RunMetrics::count() {
  const std::lock_guard lock(mutex_);
  CHECK_OK(load());
  return state_.points;
}

Result<RunView> RunMetrics::view(std::uint64_t from_index) {
  const std::lock_guard lock(mutex_);
  CHECK_OK(load());
  RunView view;
  view.folded = folded_;
  if (folded_) {
    TRY(view.bytes, open_bytes());
  }
  for (const auto* records : {&legacy_, &records_}) {
    const auto first = std::ranges::upper_bound(*records, from_index, {}, [](const auto& record) { return record->first_index + record->count; });
    view.records.insert(view.records.end(), first, records->end());
  }
  return view;
}

Result<RunView> RunMetrics::view_of(Position durable) const {
  RunView view;
  view.folded = folded_;
  if (folded_) {
    TRY(view.bytes, open_bytes());
  }
  view.records = legacy_;
  for (const auto& record : records_) {
    if (record->position <= durable) view.records.push_back(record);
  }
  return view;
}

Result<Position> RunMetrics::begin_removal(Log& log) {
  const std::lock_guard lock(mutex_);
  if (records_.empty() && !io::exists(path_)) return 0;
  std::string payload;
  encode_record({.kind = RecordInfo::Kind::kRemoved, .run = run_.text()}, {}, payload);
  return log.append(payload);
}

Status RunMetrics::finish_removal(Position removed) {
  const std::lock_guard lock(mutex_);
  removed_ = removed;
  std::erase_if(records_, [&](const auto& record) { return record->position <= removed; });
  legacy_.clear();
  folded_.reset();
  is_loaded_ = false;
  recount();
  return remove_file();
}

/// Also what a fold left that a crash cut short.
Status RunMetrics::remove_file() {
  (void)::unlink((path_ + ".new").c_str());
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) return errno_error("cannot remove " + path_, errno);
  return ok();
}

}  // namespace stoker::metrics
