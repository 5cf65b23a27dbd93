#include "io/frame_stream.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>

#include <fmt/format.h>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

namespace stoker::io {

using asio::ip::tcp;

struct FrameStream::State : std::enable_shared_from_this<FrameStream::State> {
  explicit State(Loop& loop) : socket(loop), flushed(loop) {}

  void queue(const Frame& frame) {
    const auto before = pending.size();
    encode_frame(frame, pending);
    queued += pending.size() - before;
    if (writing.empty()) write_next();
  }

  // Everything that gathered during one write goes out in the next: one system call for many small frames.
  void write_next() {
    writing.swap(pending);
    asio::async_write(socket, asio::buffer(writing),
                      [self = shared_from_this()](boost::system::error_code code, std::size_t) { self->written(code); });
  }

  void written(boost::system::error_code code) {
    if (!code) sent += writing.size();
    writing.clear();
    if (code) close();
    else if (!pending.empty()) write_next();
    flushed.notify();
  }

  void close() {
    boost::system::error_code ignored;
    is_open = false;
    socket.close(ignored);
    pending.clear();
    flushed.notify();
  }

  tcp::socket socket;
  Signal flushed;
  FrameParser parser;
  std::array<char, 64U << 10> input;
  std::string pending, writing;
  std::uint64_t queued = 0, sent = 0;  // bytes, since the beginning
  std::string peer;
  bool is_open = true;
};

namespace {

Error connection_closed(const std::string& peer) {
  return Error(ErrorCode::kServerUnreachable, fmt::format("the connection with {} is closed", peer)).retryable();
}

// A machine that lost its power says no farewell; the kernel finds out within half a minute.
void notice_dead_peers(int fd) {
  const int yes = 1, idle = 15, interval = 5, count = 3;
  const unsigned unacknowledged_ms = 30'000;
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof unacknowledged_ms);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

tcp protocol_of(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  return address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4();
}

}  // namespace

FrameStream::FrameStream(Loop& loop, Fd socket, std::string leftover) : state_(std::make_shared<State>(loop)) {
  boost::system::error_code code;
  notice_dead_peers(socket.get());
  state_->socket.assign(protocol_of(socket.get()), socket.get(), code);
  if (!code) socket.release();
  const auto remote = state_->socket.remote_endpoint(code);
  state_->peer = code ? "a peer that is gone" : fmt::format("{}:{}", remote.address().to_string(), remote.port());
  if (code) state_->close();
  state_->parser.feed(leftover);
}

FrameStream::~FrameStream() {
  if (state_) state_->close();
}
FrameStream::FrameStream(FrameStream&&) noexcept = default;
FrameStream& FrameStream::operator=(FrameStream&& other) noexcept {
  if (state_ && state_ != other.state_) state_->close();
  state_ = std::move(other.state_);
  return *this;
}

Task<Result<Frame>> FrameStream::receive() {
  auto state = state_;
  while (true) {
    CO_TRY(auto frame, state->parser.next());
    if (frame) co_return std::move(*frame);
    boost::system::error_code code;
    const auto count = co_await state->socket.async_read_some(asio::buffer(state->input), asio::redirect_error(asio::use_awaitable, code));
    if (code) {
      const auto cancelled = (co_await asio::this_coro::cancellation_state).cancelled();
      if (cancelled != asio::cancellation_type::none) throw boost::system::system_error(asio::error::operation_aborted);
      state->close();
      co_return connection_closed(state->peer);
    }
    state->parser.feed(std::string_view(state->input.data(), count));
  }
}

Task<Status> FrameStream::send(Frame frame) {
  auto state = state_;
  if (!post(frame)) co_return connection_closed(state->peer);
  const auto target = state->queued;
  while (state->is_open && state->sent < target) co_await state->flushed.wait();
  if (state->sent < target) co_return connection_closed(state->peer);
  co_return ok();
}

bool FrameStream::post(const Frame& frame) {
  if (!state_->is_open) return false;
  state_->queue(frame);
  return true;
}

std::size_t FrameStream::queued_bytes() const { return state_->pending.size() + state_->writing.size(); }
bool FrameStream::is_open() const { return state_->is_open; }
void FrameStream::close() { state_->close(); }
const std::string& FrameStream::peer() const { return state_->peer; }

}  // namespace stoker::io
