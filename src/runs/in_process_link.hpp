#pragma once
// Connections between the hub and supervisors inside this process (the mock target): what api/ does with a socket, without one.

#include <memory>

#include "io/task.hpp"
#include "runs/supervisor_hub.hpp"
#include "targets/wire.hpp"

namespace stoker::runs {

class InProcessWorld final : public targets::Wire {
 public:
  explicit InProcessWorld(io::Loop& loop) : loop_(loop), tasks_(loop, "runs") {}
  /// Supervisors that connect while there is no hub are closed, as by a server that is away.
  void set_hub(SupervisorHub* hub) { hub_ = hub; }
  std::shared_ptr<Connection> connect(std::function<void(io::Frame)> on_frame, std::function<void()> on_close) override;
  /// Ends all connections, as a server does that goes; awaits their ends.
  io::Task<void> stop();

 private:
  class Pipe;
  io::Task<void> serve(std::shared_ptr<Pipe> pipe);
  io::Task<Status> converse(SupervisorHub& hub, std::shared_ptr<Pipe> pipe, std::shared_ptr<SupervisorLink> link);
  io::Task<void> feed(std::shared_ptr<Pipe> pipe);

  io::Loop& loop_;
  SupervisorHub* hub_ = nullptr;
  std::vector<std::weak_ptr<Pipe>> pipes_;
  io::TaskGroup tasks_;
};

}  // namespace stoker::runs
