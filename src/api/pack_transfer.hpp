#pragma once
// Packs between the connection, which awaits, and the object store, which blocks. Downloads: a thread of `transfers` writes into a bounded
// pipe that the connection empties. Uploads: what is too large for memory waits in an unnamed file, so that no thread waits for a client.

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>

#include "api/http/http.hpp"
#include "io/file.hpp"
#include "io/task.hpp"
#include "snapshots/stream.hpp"

namespace stoker::api {

/// One writer on a thread, one reader on the loop.
class PackPipe final : public snapshots::ByteSink, public std::enable_shared_from_this<PackPipe> {
 public:
  explicit PackPipe(io::Loop& loop) : loop_(loop), changed_(loop) {}
  /// Waits while the reader is behind; kCanceled when it left.
  Status write(std::string_view bytes) override;
  /// The last word of the writer.
  void end(Status status);
  /// The next bytes, empty at the end, or the writer's error.
  io::Task<Result<std::string>> next();
  /// The reader wants no more.
  void leave();

 private:
  void wake();
  io::Loop& loop_;
  io::Signal changed_;  // only on the loop
  std::mutex mutex_;
  std::condition_variable taken_;
  std::string bytes_;
  bool ended_ = false;
  bool left_ = false;
  Status status_ = ok();
};

/// A body that was received whole: in memory, or in an unnamed file in `directory`.
class SpooledBody {
 public:
  /// kInputTooLarge above `limit`.
  static io::Task<Result<SpooledBody>> receive(BodyReader& body, io::Pool& pool, std::string directory, std::uint64_t limit);
  /// Once; blocking.
  std::unique_ptr<snapshots::PackReader> reader() const;

 private:
  std::string memory_;
  io::Fd file_;
};

}  // namespace stoker::api
