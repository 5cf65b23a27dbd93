#pragma once
// The log of one run: its text file, its index, and what of both is not durable yet. Used by LogStore, which hands one out per run.
// Order of a sync: the text to the disk, then the index entries that name it; so an index entry is never ahead of its bytes.
// Readers and writers do not wait for the disk: `sync` works outside the lock.

#include <atomic>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/file.hpp"
#include "logs/log_index.hpp"
#include "logs/log_store.hpp"

namespace stoker::logs {

class RunLog {
 public:
  /// `stem` is the path without ".log" and ".idx". Nothing is opened or read yet.
  explicit RunLog(std::string stem) : stem_(std::move(stem)) {}

  Status append(int attempt, std::span<const Piece> pieces);
  Status blot(int attempt, std::uint64_t offset, std::uint64_t length);
  Status sync();
  Result<std::uint64_t> size(int stream);
  Result<std::string> read(std::uint64_t offset, std::size_t limit, int stream);
  Result<std::vector<Span>> spans(std::uint64_t offset, std::size_t limit);
  Result<std::vector<LogStore::Tail>> tail(int attempt, int stream, std::uint64_t offset, std::size_t limit);
  Result<std::uint32_t> newest_attempt();
  Status remove();

  bool can_forget() const { return !is_dirty_; }
  void close();

 private:
  struct Batch;
  Status load();
  Status open_for_reading();
  Status open_for_writing();
  Status create();
  Status plan(int attempt, std::span<const Piece> pieces, Batch& batch) const;
  static void add_span(const Piece& piece, std::string_view data, Batch& batch);
  Status write_durably(const std::vector<Entry>& entries, std::uint64_t at, bool is_new);
  void roll_back(const Error& error, std::uint64_t entries_seen);
  Result<Entry> entry(std::uint64_t number);
  Result<std::uint64_t> first_entry_at(std::uint64_t offset, int stream);
  std::uint64_t entry_count() const { return durable_.entries + pending_.size(); }
  std::uint64_t end() const { return sum(now_.totals); }

  const std::string stem_;
  std::mutex sync_mutex_;  // one sync at a time; taken before mutex_
  std::mutex mutex_;       // all that follows
  io::Fd text_;
  io::Fd index_;
  bool is_writable_ = false;  // the descriptors are open for writing, and torn tails are cut
  bool is_loaded_ = false;
  bool exists_ = false;
  bool is_new_ = false;                 // the folder does not durably name the files yet
  std::atomic<bool> is_dirty_ = false;  // read by can_forget() without the mutex
  IndexState durable_;
  IndexState now_;
  std::vector<Entry> pending_;    // written to the text, not in the index yet
  std::size_t sealed_ = 0;        // so many of them are being written and cannot grow any more
  std::optional<Error> failure_;  // of a sync that took with it what was appended meanwhile
};

}  // namespace stoker::logs
