#include "api/handlers/supervisors.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "base/log.hpp"
#include "io/frame_stream.hpp"
#include "protocol/messages.hpp"

namespace stoker::api {
namespace {

constexpr auto kHelloWithin = std::chrono::seconds(10);
/// A supervisor that takes nothing for so long is cut off; it comes back and asks again.
constexpr std::size_t kMostQueued = 64U << 20;

class StreamLink final : public runs::SupervisorLink {
 public:
  explicit StreamLink(io::FrameStream stream) : stream_(std::move(stream)) {}
  void send(protocol::Frame frame) override {
    if (stream_.queued_bytes() > kMostQueued) return close();
    stream_.post(frame);
  }
  void close() override { stream_.close(); }
  std::string peer() const override { return stream_.peer(); }
  io::FrameStream& stream() { return stream_; }

 private:
  io::FrameStream stream_;
};

/// Two minutes of silence from a machine that is gone end the connection; the kernel asks.
void keep_alive(int socket) {
  const int on = 1, idle = 30, interval = 15, count = 6;
  setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

io::Task<Result<protocol::HelloMessage>> receive_hello(StreamLink& link, const std::string& supervisor) {
  CO_TRY(const auto frame, co_await io::with_deadline("the supervisor's hello", link.stream().receive(), io::in(kHelloWithin)));
  CO_TRY(auto message, protocol::parse_message(frame));
  auto* hello = std::get_if<protocol::HelloMessage>(&message);
  if (hello == nullptr) co_return Error(ErrorCode::kProtocol, "the first message of a supervisor is hello");
  if (hello->supervisor_id != supervisor) co_return Error(ErrorCode::kForbidden, "the token is of another supervisor");
  co_return std::move(*hello);
}

/// Tells the hub of the end, whichever way it came.
struct Attachment {
  ~Attachment() {
    hub.detached(link);
    link->close();
  }
  runs::SupervisorHub& hub;
  std::shared_ptr<StreamLink> link;
};

io::Task<void> serve(runs::SupervisorHub& hub, io::Loop& loop, std::string supervisor, Upgraded upgraded) {
  keep_alive(upgraded.socket);
  const auto link = std::make_shared<StreamLink>(io::FrameStream(loop, io::Fd(upgraded.socket), std::move(upgraded.leftover)));
  auto hello = co_await receive_hello(*link, supervisor);
  if (!hello) {
    log::warning("api", "a supervisor was not let in", {{"supervisor", supervisor}, {"cause", hello.error().to_line()}});
    link->send(protocol::to_frame(protocol::RefusedMessage{.reason = hello.error().message(), .fatal = true}));
    co_return;
  }
  const Attachment attachment{hub, link};
  const auto attached = co_await hub.attached(link, std::move(*hello));
  if (!attached) {
    log::warning("api", "a supervisor was refused", {{"supervisor", supervisor}, {"cause", attached.error().to_line()}});
    co_return;
  }
  for (;;) {
    auto frame = co_await link->stream().receive();
    if (!frame) co_return;
    const auto received = co_await hub.received(link, std::move(*frame));
    if (received) continue;
    log::warning("api", "a supervisor's connection is given up", {{"supervisor", supervisor}, {"cause", received.error().to_line()}});
    co_return;
  }
}

}  // namespace

const Spec<ConnectSupervisor::Input>& ConnectSupervisor::spec() {
  static const auto spec = Spec<Input>("Upgrades the connection to the protocol of the supervisors.")
                               .header("Upgrade", &Input::upgrade, "stoker-supervisor/1", {.longest = 100})
                               .answers(101, "application/octet-stream", "frames, both ways");
  return spec;
}

io::Task<Result<Reply>> ConnectSupervisor::process(Call& call, Input input) {
  if (input.upgrade != protocol::kUpgradeName) {
    auto reply = error_reply(Error(ErrorCode::kProtocol, fmt::format("this path speaks {} after an upgrade", protocol::kUpgradeName))
                                 .hint("the supervisor is older or newer than the server: install the same version"));
    reply.status = 426;
    reply.headers.emplace_back("Upgrade", std::string(protocol::kUpgradeName));
    co_return reply;
  }
  Reply reply;
  reply.status = 101;
  reply.headers.emplace_back("Upgrade", std::string(protocol::kUpgradeName));
  reply.upgrade = [&hub = call.services.runs.hub(), &loop = call.services.loop, supervisor = call.caller.supervisor](Upgraded upgraded) {
    return serve(hub, loop, supervisor, std::move(upgraded));
  };
  co_return reply;
}

}  // namespace stoker::api
