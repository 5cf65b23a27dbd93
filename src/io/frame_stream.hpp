#pragma once
// Frames over one connected TCP socket, both ways at once; the same class at the server (after its 101 answer) and at the
// supervisor (connect_upgrade). Owned by one loop. Sockets and Asio stay in the source.

#include <memory>
#include <optional>
#include <string>

#include "io/file.hpp"
#include "io/frame.hpp"
#include "io/task.hpp"

namespace stoker::io {

class FrameStream {
 public:
  /// `socket` is a connected TCP socket (for Asio: `socket.release()`); `leftover` the bytes that were read beyond the HTTP head.
  FrameStream(Loop& loop, Fd socket, std::string leftover);
  /// Closes; who still waits gets kServerUnreachable.
  ~FrameStream();
  FrameStream(FrameStream&&) noexcept;
  FrameStream& operator=(FrameStream&&) noexcept;

  /// The next frame. One reader at a time. kServerUnreachable when the other side is gone, kProtocol for garbage.
  /// May be cancelled without losing bytes.
  Task<Result<Frame>> receive();
  /// Queues the frame and returns when it was handed to the kernel. Frames leave in the order of the calls.
  Task<Status> send(Frame frame);
  /// Queues the frame and returns at once; false when the stream is closed. The order is that of the calls of post and send.
  bool post(const Frame& frame);
  /// Bytes that wait for the kernel: for senders that must not outrun the other side.
  std::size_t queued_bytes() const;
  bool is_open() const;
  void close();
  /// `127.0.0.1:52144`
  const std::string& peer() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

struct UpgradeRequest {
  std::string url;       // base URL of the server, http://host:port
  std::string token;     // bearer
  std::string path;      // /api/v1/supervisors/connect
  std::string protocol;  // stoker-supervisor/1
};

/// Connects and asks for the upgrade. kServerUnreachable when nobody answers, kTimeout at the deadline, else the server's own error.
Task<Result<FrameStream>> connect_upgrade(Loop& loop, UpgradeRequest request, Deadline until);

}  // namespace stoker::io
