#pragma once
// The write-ahead log that all runs of a store share. An append costs a copy; a sync takes everything that came meanwhile, of all runs,
// to the disk with one fdatasync, and the callers that waited share it. Segments are used again when `release` says so.
// Invariants: what `sync` promised is read again by `open`, in order and without a gap; what a failed sync lost is never read again once a
// later one was promised. It does not know what the records mean.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "metrics/segment.hpp"

namespace stoker::metrics {

class Log {
 public:
  using Replay = std::function<void(Position, std::string_view payload)>;
  /// Called with what stayed durable after a failed sync, before anything can be appended again; not under the log's lock.
  using Lost = std::function<void(Position durable)>;

  /// Creates the folder and gives every record to `replay`. Positions begin at `first_segment` in an empty folder: it must lie above
  /// every number that was ever used there.
  static Result<std::unique_ptr<Log>> open(std::string directory, std::uint32_t first_segment, const Replay& replay);

  void set_lost(Lost lost) { lost_ = std::move(lost); }
  /// Room is on the disk when this is ok, so a full disk refuses the record here and harms no other. Not durable yet.
  Result<Position> append(std::string_view payload);
  /// Waits until everything up to `upto` is durable. The error of the disk when a failed sync took it, also long after.
  Status sync(Position upto);
  Position durable() const;
  Position end() const;
  /// Records up to here are needed no more.
  void release(Position upto);

 private:
  /// Bytes on their way to one segment.
  struct Pending {
    std::shared_ptr<Segment> segment;
    std::uint64_t offset = 0;
    std::string bytes;
    bool is_new = false;  // the file's name is not on the disk yet
  };
  struct Failure {
    Position from = 0, upto = 0;  // (from, upto] is lost
    Error error;
  };
  explicit Log(std::string directory) : directory_(std::move(directory)) {}
  Status load(std::uint32_t first_segment, const Replay& replay);
  Result<Position> read_segment(const Segment& segment, std::optional<Position> end, const Replay& replay);
  Status begin_segment(std::size_t first_record);
  std::string new_path();
  Status write(const std::vector<Pending>& taken);
  void fail(std::unique_lock<std::mutex>& lock, const Error& error);
  void retire(const std::shared_ptr<Segment>& segment);
  const Failure* failure_of(Position position) const;

  const std::string directory_;
  Lost lost_;
  mutable std::mutex mutex_;  // all that follows
  std::condition_variable changed_;
  std::map<std::uint32_t, std::shared_ptr<Segment>> used_;  // by number; the last one is written to
  std::vector<std::shared_ptr<Segment>> free_;
  std::uint32_t next_number_ = 1;
  std::uint32_t next_file_ = 1;
  bool is_open_ = false;  // the last of used_ takes records
  Position end_ = 0;      // of the last record
  Position durable_ = 0;
  std::vector<Pending> pending_;
  bool is_syncing_ = false;
  bool is_failing_ = false;
  std::deque<Failure> failures_;
};

}  // namespace stoker::metrics
