#pragma once
// The append-only journal of one attempt and its `output` file (FORMAT.md): everything that the run says goes through here.
// append never waits and never fails for the caller; records reach the file at the end of the loop's turn, the disk within a
// second, and before an end is told. With the disk full they wait in memory and in the pipes. One loop only; not for threads.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "io/file.hpp"
#include "io/task.hpp"
#include "protocol/record.hpp"
#include "supervisor/journal/spool.hpp"

namespace stoker::supervisor {

/// Records for the wire, output bytes filled in.
struct Batch {
  std::string bytes;           // as RecordsBatch wants them; empty: nothing (yet)
  std::uint64_t last_seq = 0;  // of the last record in it
  std::size_t count = 0;
};

/// What a journal that was opened again has told already.
struct JournalFindings {
  bool exited = false;
  bool finished = false;
  std::vector<std::string> open_phases;  // begun, not ended
  std::uint64_t cut_bytes = 0;           // of a torn tail
};

class Journal {
 public:
  /// A new, empty one in the spool's folder. `grown` is notified after each batch of records; it must outlive the journal.
  static Result<std::unique_ptr<Journal>> create(const Spool& spool, io::Loop& loop, const Clock& clock, io::Signal& grown);
  /// What a crash left: cuts a torn tail, records output bytes that no record names (as stdout). kDataFormat for another version.
  static Result<std::unique_ptr<Journal>> open(const Spool& spool, io::Loop& loop, const Clock& clock, io::Signal& grown, JournalFindings& findings);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// The record's number, from 1. What is larger than a record may be (protocol::kMaxRecordBytes) is refused with 0.
  std::uint64_t append(protocol::Payload payload);
  /// Puts bytes at the end of `output` and records them; for lines of the supervisor itself.
  Status append_output(protocol::Stream stream, std::string_view bytes);
  /// Moves what `pipe` (non-blocking) holds to the end of `output`, at most `max` bytes, without a copy through this process.
  /// 0: nothing there; `ended` is set at end of file.
  Result<std::size_t> take_output(protocol::Stream stream, int pipe, std::size_t max, bool& ended);
  /// Appends and makes durable, output included; the record is offered for delivery only afterwards.
  io::Task<std::uint64_t> append_durably(protocol::Payload payload, io::Pool& pool);

  /// Records from number `from` on that may be delivered: at least one if there is one, else as many as fit in `max_bytes`.
  Result<Batch> read(std::uint64_t from, std::size_t max_bytes = protocol::kMaxBatchBytes);
  /// Every record so far, in order, output without data.
  Status replay(const std::function<void(const protocol::Record&)>& each);

  std::uint64_t last_seq() const { return next_seq_ - 1; }
  /// The last number that may be delivered.
  std::uint64_t offered_seq() const { return held_from_ ? held_from_ - 1 : last_seq(); }
  /// The server has everything up to `seq`. Never goes back; a number that was never given is ignored.
  void acked(std::uint64_t seq);
  std::uint64_t acked_seq() const { return acked_; }
  /// True once `seq` was acknowledged, false at the deadline.
  io::Task<bool> wait_acked(std::uint64_t seq, io::Deadline until);

  /// Writes what waits in memory to the file (not yet durable).
  Status flush();
  /// Everything so far on the disk.
  io::Task<Status> sync(io::Pool& pool);
  /// Flushes and syncs once a second while there is something; runs until cancelled.
  io::Task<void> keep_synced(io::Pool& pool);

  /// After a reboot, records may be missing here that the server has (a power cut takes the last second). Numbers must go on from the
  /// server's, so nothing may be appended until its next acknowledgement, be it of 0.
  void await_server() { awaits_server_ = true; }
  io::Task<void> wait_server();

  std::uint64_t output_size() const { return output_size_; }
  /// The last `size` bytes of the output, less when there are less.
  std::string output_tail(std::size_t size) const;

 private:
  struct Mark {
    std::uint64_t seq;
    std::uint64_t offset;
  };
  Journal(io::Loop& loop, const Clock& clock, io::Signal& grown);
  Status recover(JournalFindings& findings);
  using Visit = std::function<bool(protocol::Record&, std::uint64_t end)>;  // false: enough; `end`: where the next record begins
  Result<std::uint64_t> walk(std::uint64_t offset, const Visit& visit) const;
  Status fill(protocol::OutputRecord& record) const;
  Mark place_of(std::uint64_t seq) const;
  Result<std::size_t> copy_output(protocol::Stream stream, int pipe, std::size_t max, bool& ended);
  void record_output(protocol::Stream stream, std::size_t length);
  void flush_soon();

  io::Loop& loop_;
  const Clock& clock_;
  io::Signal& grown_;
  io::Signal acknowledged_;
  io::Fd file_, output_;
  std::string pending_;          // encoded, not yet in the file
  std::uint64_t file_size_ = 0;  // of the journal, without `pending_`
  std::uint64_t output_size_ = 0;
  std::uint64_t next_seq_ = 1;
  std::uint64_t held_from_ = 0;  // 0: nothing is held back
  std::uint64_t acked_ = 0;
  Mark cursor_{};            // where the last read ended
  std::vector<Mark> marks_;  // every so many records: where reading may begin
  std::string unwritten_;    // copy_output: read from a pipe, not yet in `output`
  protocol::Stream unwritten_stream_ = protocol::Stream::kStdout;
  bool awaits_server_ = false;
  bool flush_posted_ = false;
  bool dirty_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace stoker::supervisor
