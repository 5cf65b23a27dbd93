#pragma once
// The output of every run: one plain text file per run, all streams in order of arrival, and an index beside it that says
// which bytes came from which stream, and when (FORMAT.md). Used by the server only, from many threads of the pool.
// Invariants: a byte of an attempt lies at the attempt's base plus its offset, so sending twice writes nothing twice; the index
// never names bytes that are not on the disk. It does not follow: whoever waits for more is woken by runs/.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "domain/ids.hpp"

namespace stoker::logs {

/// Streams by number, as in the journal: 1 stdout, 2 stderr, 3 what the system says. 0 asks for all of them.
inline constexpr int kAllStreams = 0;
inline constexpr int kStreamCount = 3;

/// Bytes of one stream at `offset` of the attempt's output (all streams of the attempt together, from 0).
struct Piece {
  std::uint8_t stream = 1;
  std::uint64_t offset = 0;
  std::string_view data;
  Time time;
};

/// What the index knows: `length` bytes at `offset` of the run's file came from `stream` at `time`.
struct Span {
  std::uint8_t stream = 1;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  Time time;
  friend bool operator==(const Span&, const Span&) = default;
};

/// Safe from any thread; calls for different runs do not wait for each other. Every function blocks.
class LogStore {
 public:
  using Piece = logs::Piece;

  /// Creates the folder. At most `max_open` runs have open descriptors, the least recently used are closed.
  static Result<std::unique_ptr<LogStore>> open(std::string directory, std::size_t max_open = 128);
  ~LogStore();

  /// Readers see the bytes at once; durable only after `sync`. Bytes that are here already, and attempts older than the newest,
  /// are dropped. A later attempt follows what was there when its first piece came. kProtocol when bytes are missing in between.
  Status append(const RunId& run, int attempt, std::span<const Piece> pieces);
  /// Writes stars over bytes of the newest attempt that are here already; durable with the next `sync`. For what turns out to be secret only when
  /// the rest of it comes.
  Status blot(const RunId& run, int attempt, std::uint64_t offset, std::uint64_t length);
  /// Makes what was appended durable. After a failure the run is back at what was durable before: append again.
  Status sync(std::span<const RunId> runs);

  /// Bytes of one stream or of all; 0 for a run that never wrote.
  Result<std::uint64_t> size(const RunId& run, int stream = kAllStreams);
  /// Up to `limit` bytes from `offset`, which counts the bytes of that stream alone; fewer at the end.
  Result<std::string> read(const RunId& run, std::uint64_t offset, std::size_t limit, int stream = kAllStreams);
  /// The spans that touch `offset` and later (offsets of the whole file), at most `limit`.
  Result<std::vector<Span>> spans(const RunId& run, std::uint64_t offset, std::size_t limit);
  /// The last bytes that a stream of the newest attempt has before `offset`, at most `limit`, in order, with their offsets in the attempt.
  struct Tail {
    std::uint64_t offset = 0;
    std::string data;
  };
  Result<std::vector<Tail>> tail(const RunId& run, int attempt, int stream, std::uint64_t offset, std::size_t limit);
  /// The number of the newest attempt that wrote; 0: none did.
  Result<std::uint32_t> newest_attempt(const RunId& run);
  /// Ok when there is nothing.
  Status remove(const RunId& run);

 private:
  class Impl;
  explicit LogStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace stoker::logs
