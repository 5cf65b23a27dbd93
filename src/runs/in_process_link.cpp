#include "runs/in_process_link.hpp"

#include <deque>

#include "base/log.hpp"

namespace stoker::runs {

/// Both ends of one connection. All frames pass through tasks, so neither side is called from inside the other.
class InProcessWorld::Pipe {
 public:
  Pipe(io::Loop& loop, std::function<void(io::Frame)> on_frame, std::function<void()> on_close)
      : moved(loop), on_frame(std::move(on_frame)), on_close(std::move(on_close)) {}
  void close() {
    closed = true;
    moved.notify();
  }

  std::deque<io::Frame> to_hub, to_supervisor;
  io::Signal moved;
  bool closed = false;
  bool closed_by_supervisor = false;
  std::function<void(io::Frame)> on_frame;
  std::function<void()> on_close;
};

namespace {

/// A task may begin inside the call that spawns it; the callbacks must not.
constexpr std::chrono::nanoseconds kNotInsideConnect{0};

template <class Pipe>
class HubEnd final : public SupervisorLink {
 public:
  explicit HubEnd(std::shared_ptr<Pipe> pipe) : pipe_(std::move(pipe)) {}
  void send(Frame frame) override {
    if (pipe_->closed) return;
    pipe_->to_supervisor.push_back(std::move(frame));
    pipe_->moved.notify();
  }
  void close() override { pipe_->close(); }
  std::string peer() const override { return "in-process"; }

 private:
  std::shared_ptr<Pipe> pipe_;
};

template <class Pipe>
class SupervisorEnd final : public targets::Wire::Connection {
 public:
  explicit SupervisorEnd(std::shared_ptr<Pipe> pipe) : pipe_(std::move(pipe)) {}
  void send(io::Frame frame) override {
    if (pipe_->closed) return;
    pipe_->to_hub.push_back(std::move(frame));
    pipe_->moved.notify();
  }
  void close() override {
    pipe_->closed_by_supervisor = true;
    pipe_->close();
  }

 private:
  std::shared_ptr<Pipe> pipe_;
};

}  // namespace

std::shared_ptr<targets::Wire::Connection> InProcessWorld::connect(std::function<void(io::Frame)> on_frame, std::function<void()> on_close) {
  auto pipe = std::make_shared<Pipe>(loop_, std::move(on_frame), std::move(on_close));
  std::erase_if(pipes_, [](const auto& weak) { return weak.expired(); });
  pipes_.push_back(pipe);
  tasks_.spawn("serve a supervisor", serve(pipe));
  tasks_.spawn("feed a supervisor", feed(pipe));
  return std::make_shared<SupervisorEnd<Pipe>>(pipe);
}

io::Task<void> InProcessWorld::stop() {
  hub_ = nullptr;
  for (const auto& weak : pipes_)
    if (auto pipe = weak.lock()) pipe->close();
  co_await tasks_.join();
}

/// The hub's frames to the supervisor.
io::Task<void> InProcessWorld::feed(std::shared_ptr<Pipe> pipe) {
  co_await io::sleep_for(kNotInsideConnect);
  while (!pipe->closed) {
    while (!pipe->closed && !pipe->to_supervisor.empty()) {
      auto frame = std::move(pipe->to_supervisor.front());
      pipe->to_supervisor.pop_front();
      pipe->on_frame(std::move(frame));
    }
    if (!pipe->closed) co_await pipe->moved.wait();
  }
}

io::Task<void> InProcessWorld::serve(std::shared_ptr<Pipe> pipe) {
  co_await io::sleep_for(kNotInsideConnect);
  auto* hub = hub_;
  std::shared_ptr<SupervisorLink> link = std::make_shared<HubEnd<Pipe>>(pipe);
  if (hub != nullptr) {
    const auto ended = co_await converse(*hub, pipe, link);
    if (!ended) log::debug("runs", "connection ended", {{"cause", ended.error().to_line()}});
    hub->detached(link);
  }
  pipe->close();
  if (!pipe->closed_by_supervisor) pipe->on_close();
}

io::Task<Status> InProcessWorld::converse(SupervisorHub& hub, std::shared_ptr<Pipe> pipe, std::shared_ptr<SupervisorLink> link) {
  bool greeted = false;
  while (!pipe->closed) {
    if (pipe->to_hub.empty()) {
      co_await pipe->moved.wait();
      continue;
    }
    auto frame = std::move(pipe->to_hub.front());
    pipe->to_hub.pop_front();
    if (greeted) {
      CO_CHECK_OK(co_await hub.received(link, std::move(frame)));
      continue;
    }
    CO_TRY(const auto message, protocol::parse_message(frame));
    const auto* hello = std::get_if<protocol::HelloMessage>(&message);
    if (hello == nullptr) co_return Error(ErrorCode::kProtocol, "a connection begins with hello");
    CO_CHECK_OK(co_await hub.attached(link, *hello));
    greeted = true;
  }
  co_return ok();
}

}  // namespace stoker::runs
