#include "io/socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <cerrno>

#include <fmt/format.h>

namespace stoker::io {
namespace {

using Timeout = Socket::Timeout;
using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

/// What poll saw, or kTimeout, or kCanceled.
Result<short> wait_for(int fd, short events, Timeout timeout, int wake) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  pollfd list[2] = {{fd, events, 0}, {wake, POLLIN, 0}};
  while (true) {
    const auto left = std::chrono::ceil<Timeout>(until - std::chrono::steady_clock::now());
    const int count = ::poll(list, 2, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (count < 0 && errno != EINTR) return errno_error("cannot wait for the network", errno);
    if (count > 0 && list[1].revents != 0) return Error(ErrorCode::kCanceled, "the request was interrupted");
    if (count > 0) return list[0].revents;
    if (count == 0)
      return Error(ErrorCode::kTimeout, fmt::format("nothing came from the server for {} s", std::chrono::duration<double>(timeout).count()))
          .retryable();
  }
}

Error unreachable(const Url& url, std::string why) {
  return Error(ErrorCode::kServerUnreachable, fmt::format("no server answers at http://{}", url.authority()))
      .because(std::move(why))
      .hint("is it running? `stoker server status` tells; STOKER_URL names another one")
      .retryable();
}

// Numbers first: a static binary has no name service switch, and nearly every address is a number.
Result<Addresses> resolve(const Url& url) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const auto host = url.host == "localhost" ? std::string("127.0.0.1") : url.host;
  const auto port = std::to_string(url.port);
  int code = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  if (code != 0) {
    hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
    code = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  }
  if (code != 0) return unreachable(url, fmt::format("the name {} is not known: {}", url.host, ::gai_strerror(code)));
  return Addresses(found, &::freeaddrinfo);
}

Result<Fd> connect_to(const addrinfo& address, Timeout timeout, int wake) {
  Fd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return errno_error("cannot make a socket", errno);
  if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return errno_error("cannot connect", errno);
    CHECK_OK(wait_for(fd.get(), POLLOUT, timeout, wake));
    int code = 0;
    socklen_t length = sizeof code;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &code, &length);
    if (code != 0) return errno_error("cannot connect", code);
  }
  const int yes = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return fd;
}

bool is_gone(int code) { return code == EPIPE || code == ECONNRESET; }
bool is_full(int code) { return code == EAGAIN || code == EINTR; }

}  // namespace

Result<Socket> Socket::connect(const Url& url, Timeout timeout, int wake) {
  TRY(const auto addresses, resolve(url));
  Error last;
  for (const auto* address = addresses.get(); address != nullptr; address = address->ai_next) {
    auto fd = connect_to(*address, timeout, wake);
    if (fd) return Socket(std::move(*fd), wake);
    last = std::move(fd).error();
    if (last.code() == ErrorCode::kCanceled) return last;
  }
  return unreachable(url, last.cause().empty() ? last.message() : last.cause());
}

Result<std::size_t> Socket::read_some(char* data, std::size_t size, Timeout timeout) {
  while (true) {
    const auto count = ::recv(fd_.get(), data, size, 0);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (is_gone(errno)) return std::size_t{0};
    if (!is_full(errno)) return errno_error("cannot read from the server", errno);
    CHECK_OK(wait_for(fd_.get(), POLLIN, timeout, wake_));
  }
}

Result<bool> Socket::write(std::string_view bytes, Timeout timeout) {
  while (!bytes.empty()) {
    const auto count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
      continue;
    }
    if (is_gone(errno)) return false;
    if (!is_full(errno)) return errno_error("cannot write to the server", errno);
    TRY(const auto seen, wait_for(fd_.get(), POLLOUT | POLLIN, timeout, wake_));
    if ((seen & POLLOUT) == 0) return false;
  }
  return true;
}

Result<bool> Socket::write_file(int fd, std::uint64_t offset, std::uint64_t size, Timeout timeout) {
  auto at = static_cast<off_t>(offset);
  const auto end = static_cast<off_t>(offset + size);
  while (at < end) {
    const auto count = ::sendfile(fd_.get(), fd, &at, static_cast<std::size_t>(std::min<off_t>(end - at, 1 << 30)));
    if (count > 0) continue;
    if (count == 0) return Error(ErrorCode::kIo, "the file became shorter while it was sent");
    if (is_gone(errno)) return false;
    if (!is_full(errno)) return errno_error("cannot send a file to the server", errno);
    TRY(const auto seen, wait_for(fd_.get(), POLLOUT | POLLIN, timeout, wake_));
    if ((seen & POLLOUT) == 0) return false;
  }
  return true;
}

bool Socket::is_quiet() const {
  pollfd one{fd_.get(), POLLIN, 0};
  return ::poll(&one, 1, 0) == 0;
}

}  // namespace stoker::io
