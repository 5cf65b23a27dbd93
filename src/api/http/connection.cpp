#include "api/http/connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include <fmt/format.h>
#include <boost/asio/redirect_error.hpp>

#include "api/http/proc_net.hpp"
#include "base/log.hpp"

namespace stoker::api {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kPiece = 4096;          // of a head; a body is read straight into its reader's memory
constexpr std::size_t kKeepBuffer = 8192;     // more than this is given back after a request
constexpr std::uint64_t kDrain = 256U << 10;  // of a body that nobody read, to keep the connection

error_code would_block(int number) {
  return number == EAGAIN || number == EWOULDBLOCK ? asio::error::would_block : error_code(number, boost::system::system_category());
}

/// RFC 9110 5.6.7, made once a second.
const std::string& date_field() {
  static std::time_t made_at = 0;
  static std::string text;
  const auto now = std::time(nullptr);
  if (now != made_at) {
    char buffer[64];
    std::tm parts{};
    gmtime_r(&now, &parts);
    std::strftime(buffer, sizeof buffer, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    text = buffer;
    made_at = now;
  }
  return text;
}

bool has_no_body(int status) { return status == 204 || status == 304 || status < 200; }

}  // namespace

Connection::Connection(const Services& services, const Responder& responder, const HttpLimits& limits, io::Pool& transfers, Socket socket)
    : services_(services), responder_(responder), limits_(limits), transfers_(transfers), socket_(std::move(socket)), parser_(limits.head_bytes) {}
Connection::~Connection() = default;

io::Task<void> Connection::serve() {
  error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  while (co_await read_head()) {
    is_busy_ = true;
    const bool keep = co_await answer_one();
    is_busy_ = false;
    if (!keep || is_retired_) break;
  }
}

void Connection::limit(std::chrono::milliseconds duration, Cut cut) {
  deadline_ = io::in(duration);
  cut_ = cut;
}

void Connection::sweep(io::Deadline now) {
  if (now < deadline_) return;
  unlimited();
  timed_out_ = true;
  cut(cut_);
}

void Connection::cut(Cut what) {
  error_code ignored;
  socket_.shutdown(what == Cut::kBoth ? Socket::shutdown_both : Socket::shutdown_receive, ignored);
}

void Connection::retire() {
  is_retired_ = true;
  if (is_idle_) cut(Cut::kBoth);
}

// Waiting for readiness rather than reading into a buffer: a silent connection holds none. 0: the other side is gone.
io::Task<std::size_t> Connection::receive(char* out, std::size_t size) {
  for (;;) {
    const auto count = ::recv(socket_.native_handle(), out, size, MSG_DONTWAIT);
    if (count >= 0) co_return static_cast<std::size_t>(count);
    if (errno == EINTR) continue;
    if (would_block(errno) != asio::error::would_block) co_return 0;
    error_code code;
    co_await socket_.async_wait(Socket::wait_read, asio::redirect_error(asio::use_awaitable, code));
    if (code == asio::error::operation_aborted) throw boost::system::system_error(code);
    if (code) co_return 0;
  }
}

io::Task<std::size_t> Connection::fill(std::size_t size) {
  const auto before = in_.size();
  in_.resize(before + size);
  const auto count = co_await receive(in_.data() + before, size);
  in_.resize(before + count);
  co_return count;
}

io::Task<bool> Connection::read_head() {
  forget_request();
  parser_.begin();
  head_.clear();
  is_idle_ = in_.empty();
  if (is_idle_) {
    limit(limits_.idle, Cut::kBoth);
    error_code code;
    co_await socket_.async_wait(Socket::wait_read, asio::redirect_error(asio::use_awaitable, code));
    if (code == asio::error::operation_aborted) throw boost::system::system_error(code);
    if (code || is_retired_) co_return false;
    is_idle_ = false;
  }
  limit(limits_.head, Cut::kBoth);
  bool need_more = in_.empty();
  for (;;) {
    if (need_more && co_await fill(kPiece) == 0) co_return false;
    const auto used = parser_.feed_head(in_, head_);
    if (!used) {
      auto refusal = error_reply(used.error());
      refusal.status = parser_.refusal_status();
      unlimited();
      co_await reply(std::move(refusal), false);
      co_await linger();
      co_return false;
    }
    in_.erase(0, *used);
    if (parser_.head_is_done()) break;
    need_more = true;
  }
  unlimited();
  begin_body();
  co_return true;
}

void Connection::forget_request() {
  if (in_.capacity() > kKeepBuffer && in_.size() < kPiece) in_.shrink_to_fit();
  chunks_ = std::string();
  body_until_ = io::kNever;
  body_failed_ = false;
  timed_out_ = false;
}

void Connection::begin_body() {
  const auto announced = parser_.content_length();
  body_length_ = parser_.is_chunked() ? std::nullopt : std::optional<std::uint64_t>(announced.value_or(0));
  body_left_ = body_length_.value_or(0);
  owes_continue_ = parser_.expects_continue() && (parser_.is_chunked() || body_left_ > 0);
}

std::size_t Connection::take(std::string& from, char* out, std::size_t size) {
  const auto count = std::min(size, from.size());
  std::copy_n(from.data(), count, out);
  from.erase(0, count);
  return count;
}

io::Task<Result<std::size_t>> Connection::read(char* out, std::size_t size) {
  if (!has_unread_body() || size == 0) co_return std::size_t{0};
  if (owes_continue_) {
    owes_continue_ = false;
    if (!co_await send("HTTP/1.1 100 Continue\r\n\r\n", {})) co_return Error(ErrorCode::kProtocol, "the client went away");
  }
  limit(limits_.stall, Cut::kReading);
  deadline_ = std::min(deadline_, body_until_);
  if (!body_length_) {
    auto count = co_await read_chunks(out, size);
    unlimited();
    co_return count;
  }
  const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(size, body_left_));
  const auto count = in_.empty() ? co_await receive(out, most) : take(in_, out, most);
  unlimited();
  body_left_ -= count;
  if (count > 0) co_return count;
  body_failed_ = true;
  if (timed_out_) co_return Error(ErrorCode::kTimeout, "the body did not arrive in time").retryable();
  co_return Error(ErrorCode::kProtocol, "the client went away in the middle of the body");
}

io::Task<Result<std::size_t>> Connection::read_chunks(char* out, std::size_t size) {
  while (chunks_.empty() && !parser_.is_done()) {
    const auto used = parser_.feed_chunks(in_, chunks_);
    if (!used) {
      body_failed_ = true;
      co_return used.error();
    }
    in_.erase(0, *used);
    if (!chunks_.empty() || parser_.is_done()) break;
    if (in_.size() > limits_.head_bytes) {
      body_failed_ = true;
      co_return Error(ErrorCode::kProtocol, "the head of a chunk is too long");
    }
    if (co_await fill(16 * kPiece) > 0) continue;
    body_failed_ = true;
    if (timed_out_) co_return Error(ErrorCode::kTimeout, "the body did not arrive in time").retryable();
    co_return Error(ErrorCode::kProtocol, "the client went away in the middle of the body");
  }
  co_return take(chunks_, out, size);
}

// What was not read: a little is read now so that the connection can go on, much is not. False: close.
io::Task<bool> Connection::end_body() {
  if (body_failed_) co_return false;
  if (!has_unread_body()) co_return true;
  if (owes_continue_) co_return false;  // the client may send it or not: nobody knows
  if (body_length_ && body_left_ > kDrain) co_return false;
  std::uint64_t drained = 0;
  char piece[4096];
  while (drained <= kDrain) {
    const auto count = co_await read(piece, sizeof piece);
    if (!count) co_return false;
    if (*count == 0) co_return true;
    drained += *count;
  }
  co_return false;
}

io::Task<bool> Connection::answer_one() {
  const bool keep = parser_.keep_alive();
  auto given = co_await responder_(services_, limits_, transfers_, head_, *this, *this);
  if (given.upgrade) {
    co_await hand_over(std::move(given));
    co_return false;
  }
  // A body that nobody will read is known to end the connection before the head of the answer is written.
  const bool ends_with_body = body_failed_ || (has_unread_body() && (owes_continue_ || body_left_ > kDrain));
  const bool can_keep = keep && !is_retired_ && !ends_with_body;
  if (!co_await reply(std::move(given), can_keep)) co_return false;
  if (can_keep && co_await end_body()) co_return true;
  if (has_unread_body() || body_failed_) co_await linger();
  co_return false;
}

bool Connection::has_unread_body() const { return body_length_ ? body_left_ > 0 : !parser_.is_done() || !chunks_.empty(); }

// Closing with unread input resets the connection, and the answer may be lost on its way: say that it is over, and swallow for a while.
io::Task<void> Connection::linger() {
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  is_idle_ = true;
  limit(std::chrono::milliseconds(2000), Cut::kBoth);
  char piece[16384];
  for (std::uint64_t swallowed = 0; swallowed < (64U << 20);) {
    const auto count = co_await receive(piece, sizeof piece);
    if (count == 0) break;
    swallowed += count;
  }
  unlimited();
}

bool Connection::sends_chunks(const Reply& reply) const { return reply.stream && !reply.length && head_.minor_version() == 1; }

std::string Connection::head_of(const Reply& reply, bool keep) const {
  std::string text;
  text.reserve(320);
  fmt::format_to(std::back_inserter(text), "HTTP/1.1 {} {}\r\n", reply.status, reason_phrase(reply.status));
  text += date_field();
  if (!has_no_body(reply.status)) {
    fmt::format_to(std::back_inserter(text), "Content-Type: {}\r\n", reply.content_type);
    if (sends_chunks(reply)) text += "Transfer-Encoding: chunked\r\n";
    else if (!reply.stream || reply.length)
      fmt::format_to(std::back_inserter(text), "Content-Length: {}\r\n", reply.stream ? *reply.length : reply.body.size());
  }
  bool has_cache = false;
  for (const auto& [name, value] : reply.headers) {
    fmt::format_to(std::back_inserter(text), "{}: {}\r\n", name, value);
    has_cache = has_cache || name == "Cache-Control";
  }
  if (!has_cache) text += "Cache-Control: no-store\r\n";
  text += "X-Content-Type-Options: nosniff\r\n";
  if (reply.status == 101) text += "Connection: Upgrade\r\n";
  else if (!keep) text += "Connection: close\r\n";
  else if (head_.minor_version() == 0) text += "Connection: keep-alive\r\n";
  text += "\r\n";
  return text;
}

io::Task<bool> Connection::reply(Reply reply, bool keep) {
  if (reply.stream) co_return co_await reply_stream(std::move(reply), keep);
  const auto head = head_of(reply, keep);
  const bool silent = head_.method() == Method::kHead || has_no_body(reply.status);
  co_return co_await send(head, silent ? std::string_view() : std::string_view(reply.body));
}

io::Task<bool> Connection::reply_stream(Reply reply, bool keep) {
  const bool until_close = !reply.length && head_.minor_version() == 0;
  const auto head = head_of(reply, keep && !until_close);
  if (!co_await send(head, {})) co_return false;
  if (head_.method() == Method::kHead) co_return !until_close;
  writes_chunks_ = sends_chunks(reply);
  stream_failed_ = false;
  stream_left_ = reply.length;
  if (reply.is_long) {
    is_busy_ = false;
    in_.shrink_to_fit();
    head_.shrink();
  }
  std::string failure;
  try {
    const auto written = co_await reply.stream(*this);
    if (!written) failure = written.error().to_line();
  } catch (const boost::system::system_error& error) {
    if (error.code() == asio::error::operation_aborted) throw;
    failure = error.code().message();
  } catch (const std::exception& error) {
    failure = error.what();
  }
  if (stream_failed_) co_return false;
  if (failure.empty() && stream_left_.value_or(0) > 0) failure = "the content was shorter than announced";
  if (!failure.empty()) {
    log::warning("api", "a stream broke off", {{"cause", failure}});
    cut(Cut::kBoth);
    co_return false;
  }
  if (writes_chunks_ && !co_await send("0\r\n\r\n", {})) co_return false;
  co_return !until_close;
}

io::Task<Status> Connection::write(std::string_view bytes) {
  const Error gone(ErrorCode::kServerUnreachable, "the reader went away");
  if (stream_failed_) co_return gone;
  if (bytes.empty()) co_return ok();
  bool sent = false;
  if (writes_chunks_) {
    const auto head = fmt::format("{:x}\r\n", bytes.size());
    std::string frame;
    frame.reserve(head.size() + bytes.size() + 2);
    frame.append(head).append(bytes).append("\r\n");
    sent = co_await send(frame, {});
  } else {
    if (stream_left_ && bytes.size() > *stream_left_) bytes = bytes.substr(0, *stream_left_);
    if (stream_left_) *stream_left_ -= bytes.size();
    sent = co_await send(bytes, {});
  }
  stream_failed_ = !sent;
  if (!sent) co_return gone;
  co_return ok();
}

// Straight to the kernel; only what does not fit waits, and the wait is bounded by progress.
io::Task<bool> Connection::send(std::string_view head, std::string_view body) {
  while (!head.empty() || !body.empty()) {
    iovec parts[2] = {{const_cast<char*>(head.data()), head.size()}, {const_cast<char*>(body.data()), body.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    const auto count = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && would_block(errno) != asio::error::would_block) co_return false;
    if (count < 0) {
      limit(limits_.stall, Cut::kBoth);
      error_code code;
      co_await socket_.async_wait(Socket::wait_write, asio::redirect_error(asio::use_awaitable, code));
      if (code == asio::error::operation_aborted) throw boost::system::system_error(code);
      unlimited();
      if (code || (timed_out_ && cut_ == Cut::kBoth)) co_return false;
      continue;
    }
    const auto of_head = std::min<std::size_t>(static_cast<std::size_t>(count), head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(static_cast<std::size_t>(count) - of_head);
  }
  co_return true;
}

bool Connection::is_gone() {
  if (stream_failed_) return true;
  char byte = 0;
  const auto count = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return count == 0 || (count < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

io::Task<void> Connection::hand_over(Reply reply) {
  const auto head = head_of(reply, true);
  if (!co_await send(head, {})) co_return;
  is_busy_ = false;
  error_code code;
  const int socket = socket_.release(code);
  if (code) co_return;
  Upgraded upgraded{socket, std::move(in_)};
  in_ = std::string();
  co_await reply.upgrade(std::move(upgraded));
}

io::Task<std::optional<uid_t>> Connection::uid() {
  if (!uid_) {
    const int socket = socket_.native_handle();
    auto look = [socket] { return peer_uid(socket); };
    uid_ = co_await io::blocking(services_.pool, look);
  }
  co_return *uid_;
}

}  // namespace stoker::api
