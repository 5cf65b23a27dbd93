#include "supervisor/journal/journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include <boost/asio/post.hpp>

#include "base/log.hpp"

namespace stoker::supervisor {
namespace {

using protocol::OutputRecord;
using protocol::Record;

constexpr std::string_view kHeader = "stoker journal 1\n";  // FORMAT.md
constexpr std::uint64_t kRecordsPerMark = 256;
constexpr std::size_t kChunk = 256U << 10;
constexpr std::size_t kMaxOutputRecord = 512U << 10;

}  // namespace

Journal::Journal(io::Loop& loop, const Clock& clock, io::Signal& grown) : loop_(loop), clock_(clock), grown_(grown), acknowledged_(loop) {}

Journal::~Journal() {
  if (const auto status = flush(); !status) log::error("supervisor", "journal not written", {{"cause", status.error().to_line()}});
}

Result<std::unique_ptr<Journal>> Journal::create(const Spool& spool, io::Loop& loop, const Clock& clock, io::Signal& grown) {
  std::unique_ptr<Journal> journal(new Journal(loop, clock, grown));
  TRY(journal->file_, io::open_file(spool.journal_file(), O_RDWR | O_CREAT | O_EXCL));
  TRY(journal->output_, io::open_file(spool.output_file(), O_RDWR | O_CREAT | O_EXCL));
  CHECK_OK(io::write_all_at(journal->file_.get(), kHeader, 0));
  journal->file_size_ = kHeader.size();
  return journal;
}

Result<std::unique_ptr<Journal>> Journal::open(const Spool& spool, io::Loop& loop, const Clock& clock, io::Signal& grown, JournalFindings& findings) {
  std::unique_ptr<Journal> journal(new Journal(loop, clock, grown));
  TRY(journal->file_, io::open_file(spool.journal_file(), O_RDWR | O_CREAT));
  TRY(journal->output_, io::open_file(spool.output_file(), O_RDWR | O_CREAT));
  CHECK_OK(journal->recover(findings));
  return journal;
}

Status Journal::recover(JournalFindings& findings) {
  TRY(const auto header, io::read_at(file_.get(), 0, kHeader.size()));
  if (header.size() == kHeader.size() && header != kHeader)
    return Error(ErrorCode::kDataFormat, "the journal was written by another version of the supervisor");
  CHECK_OK(io::write_all_at(file_.get(), kHeader, 0));
  std::uint64_t recorded = 0;
  auto note = [&](Record& record, std::uint64_t end) {
    if (record.seq % kRecordsPerMark == 0) marks_.push_back({record.seq + 1, end});
    next_seq_ = record.seq + 1;
    if (const auto* output = std::get_if<OutputRecord>(&record.payload)) recorded = std::max(recorded, output->offset + output->length);
    if (const auto* phase = std::get_if<protocol::PhaseRecord>(&record.payload)) {
      if (phase->begins) findings.open_phases.push_back(phase->name);
      else std::erase(findings.open_phases, phase->name);
    }
    if (std::holds_alternative<protocol::ExitedRecord>(record.payload)) findings.exited = true;
    if (std::holds_alternative<protocol::FinishedRecord>(record.payload)) findings.finished = true;
    return true;
  };
  TRY(file_size_, walk(kHeader.size(), note));
  TRY(const auto whole, io::file_size(file_.get()));
  findings.cut_bytes = whole > file_size_ ? whole - file_size_ : 0;
  if (::ftruncate(file_.get(), static_cast<off_t>(file_size_)) != 0) return errno_error("cannot cut the journal's torn tail", errno);
  TRY(const auto written, io::file_size(output_.get()));
  output_size_ = recorded;
  while (output_size_ < written) record_output(protocol::Stream::kStdout, std::min<std::uint64_t>(written - output_size_, kMaxOutputRecord));
  return ok();
}

std::uint64_t Journal::append(protocol::Payload payload) {
  const auto before = pending_.size();
  Record record{next_seq_, clock_.now(), std::move(payload)};
  protocol::encode(record, false, pending_);
  if (pending_.size() - before > protocol::kMaxRecordBytes) {
    pending_.resize(before);
    return 0;
  }
  if (next_seq_ % kRecordsPerMark == 0) marks_.push_back({next_seq_ + 1, file_size_ + pending_.size()});
  flush_soon();
  return next_seq_++;
}

void Journal::record_output(protocol::Stream stream, std::size_t length) {
  append(OutputRecord{stream, output_size_, static_cast<std::uint32_t>(length), {}});
  output_size_ += length;
}

Status Journal::append_output(protocol::Stream stream, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto piece = bytes.substr(0, kMaxOutputRecord);
    CHECK_OK(io::write_all_at(output_.get(), piece, output_size_));
    record_output(stream, piece.size());
    bytes.remove_prefix(piece.size());
  }
  return ok();
}

Result<std::size_t> Journal::take_output(protocol::Stream stream, int pipe, std::size_t max, bool& ended) {
  loff_t offset = static_cast<loff_t>(output_size_);
  const auto moved = ::splice(pipe, nullptr, output_.get(), &offset, std::min(max, kMaxOutputRecord), SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
  if (moved > 0) record_output(stream, static_cast<std::size_t>(moved));
  if (moved >= 0) {
    ended = moved == 0;
    return static_cast<std::size_t>(moved);
  }
  if (errno == EAGAIN || errno == EINTR) return std::size_t{0};
  if (errno == EINVAL || errno == ENOSYS) return copy_output(stream, pipe, max, ended);
  return errno_error("cannot write the run's output", errno);
}

// For file systems without splice. What was read from the pipe and cannot be written waits in `unwritten_`.
Result<std::size_t> Journal::copy_output(protocol::Stream stream, int pipe, std::size_t max, bool& ended) {
  if (unwritten_.empty()) {
    unwritten_.resize(std::min(max, kChunk));
    const auto got = ::read(pipe, unwritten_.data(), unwritten_.size());
    const int error = errno;
    unwritten_.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    unwritten_stream_ = stream;
    ended = got == 0;
    if (got < 0 && error != EAGAIN && error != EINTR) return errno_error("cannot read the run's output", error);
    if (got <= 0) return std::size_t{0};
  }
  const auto size = unwritten_.size();
  CHECK_OK(append_output(unwritten_stream_, unwritten_));
  unwritten_.clear();
  return size;
}

io::Task<std::uint64_t> Journal::append_durably(protocol::Payload payload, io::Pool& pool) {
  const auto seq = append(std::move(payload));
  const bool holds = held_from_ == 0;
  if (holds) held_from_ = seq;
  const auto synced = co_await sync(pool);
  // A disk that cannot sync is no reason to keep the end from the server, whose own disk is what counts then.
  if (!synced) log::error("supervisor", "journal not synced", {{"cause", synced.error().to_line()}});
  if (holds) held_from_ = 0;
  grown_.notify();
  co_return seq;
}

Journal::Mark Journal::place_of(std::uint64_t seq) const {
  Mark place{1, kHeader.size()};
  const auto after = std::ranges::upper_bound(marks_, seq, {}, &Mark::seq);
  if (after != marks_.begin()) place = *std::prev(after);
  if (cursor_.seq > place.seq && cursor_.seq <= seq) place = cursor_;
  return place;
}

// Reads record after record until `visit` has enough, the written part ends, or something is not whole: the result is where that is.
Result<std::uint64_t> Journal::walk(std::uint64_t offset, const Visit& visit) const {
  std::size_t want = kChunk;
  while (true) {
    TRY(const auto chunk, io::read_at(file_.get(), offset, want));
    std::string_view rest = chunk;
    while (!rest.empty()) {
      auto decoded = protocol::decode_one(rest);
      if (!decoded) return offset;
      if (!*decoded) break;
      offset += (*decoded)->used;
      rest.remove_prefix((*decoded)->used);
      if (!visit((*decoded)->record, offset)) return offset;
    }
    const bool at_end = chunk.size() < want;
    if (at_end || (rest.size() == chunk.size() && want > protocol::kMaxRecordBytes)) return offset;
    want = rest.size() == chunk.size() ? want * 4 : kChunk;
  }
}

// After a power cut the output may be shorter than the journal says; then a record has fewer bytes, or none.
Status Journal::fill(OutputRecord& record) const {
  TRY(record.data, io::read_at(output_.get(), record.offset, record.length));
  record.length = static_cast<std::uint32_t>(record.data.size());
  return ok();
}

Result<Batch> Journal::read(std::uint64_t from, std::size_t max_bytes) {
  if (const auto flushed = flush(); !flushed && file_size_ == kHeader.size()) return flushed.error();
  Batch batch;
  if (from > offered_seq()) return batch;
  Status filled = ok();
  auto take = [&](Record& record, std::uint64_t end) {
    if (record.seq > offered_seq()) return false;
    if (record.seq >= from) {
      auto* output = std::get_if<OutputRecord>(&record.payload);
      if (output != nullptr && batch.count > 0 && batch.bytes.size() + output->length > max_bytes) return false;
      if (output != nullptr) filled = fill(*output);
      if (!filled) return false;
      protocol::encode(record, true, batch.bytes);
      ++batch.count;
      batch.last_seq = record.seq;
    }
    cursor_ = {record.seq + 1, end};
    return batch.bytes.size() < max_bytes;
  };
  TRY([[maybe_unused]] const auto end, walk(place_of(from).offset, take));
  if (!filled && batch.count == 0) return filled.error();
  return batch;
}

Status Journal::replay(const std::function<void(const Record&)>& each) {
  CHECK_OK(flush());
  auto visit = [&](Record& record, std::uint64_t) {
    each(record);
    return true;
  };
  TRY([[maybe_unused]] const auto end, walk(kHeader.size(), visit));
  return ok();
}

void Journal::acked(std::uint64_t seq) {
  if (std::exchange(awaits_server_, false)) {
    next_seq_ = std::max(next_seq_, seq + 1);
    acknowledged_.notify();
  }
  if (seq <= acked_ || seq > last_seq()) return;
  acked_ = seq;
  acknowledged_.notify();
}

io::Task<bool> Journal::wait_acked(std::uint64_t seq, io::Deadline until) {
  while (acked_ < seq) {
    if (std::chrono::steady_clock::now() >= until) co_return false;
    co_await acknowledged_.wait(until);
  }
  co_return true;
}

io::Task<void> Journal::wait_server() {
  while (awaits_server_) co_await acknowledged_.wait();
}

void Journal::flush_soon() {
  if (flush_posted_) return;
  flush_posted_ = true;
  io::asio::post(loop_, [this, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    flush_posted_ = false;
    const auto status = flush();
    if (!status) log::warning("supervisor", "journal waits in memory", {{"cause", status.error().to_line()}});
    grown_.notify();
  });
}

Status Journal::flush() {
  if (pending_.empty()) return ok();
  CHECK_OK(io::write_all_at(file_.get(), pending_, file_size_));
  file_size_ += pending_.size();
  pending_.clear();
  if (pending_.capacity() > kChunk) pending_.shrink_to_fit();
  dirty_ = true;
  return ok();
}

io::Task<Status> Journal::sync(io::Pool& pool) {
  CO_CHECK_OK(flush());
  dirty_ = false;
  auto work = [output = output_.get(), file = file_.get()]() -> Status {
    CHECK_OK(io::sync_file(output));
    return io::sync_file(file);
  };
  auto status = co_await io::blocking(pool, std::move(work));
  if (!status) dirty_ = true;
  co_return status;
}

io::Task<void> Journal::keep_synced(io::Pool& pool) {
  while (true) {
    co_await io::sleep_for(std::chrono::seconds(1));
    if (!dirty_ && pending_.empty()) continue;
    const auto status = co_await sync(pool);
    if (!status) log::warning("supervisor", "journal not synced", {{"cause", status.error().to_line()}});
    grown_.notify();
  }
}

std::string Journal::output_tail(std::size_t size) const {
  const auto from = output_size_ > size ? output_size_ - size : 0;
  auto bytes = io::read_at(output_.get(), from, static_cast<std::size_t>(output_size_ - from));
  return bytes ? std::move(*bytes) : std::string();
}

}  // namespace stoker::supervisor
