#pragma once
// How a supervisor that lives inside this process (the mock's) reaches the server. Implemented above, by runs/in_process_link, because
// the hub is there. Single loop.

#include <functional>
#include <memory>

#include "io/frame.hpp"

namespace stoker::targets {

class Wire {
 public:
  class Connection {
   public:
    virtual ~Connection() = default;
    virtual void send(io::Frame frame) = 0;
    virtual void close() = 0;
  };
  virtual ~Wire() = default;
  /// The callbacks are called from the loop, never from inside `connect`, and `on_close` not after `close`.
  virtual std::shared_ptr<Connection> connect(std::function<void(io::Frame)> on_frame, std::function<void()> on_close) = 0;
};

}  // namespace stoker::targets
