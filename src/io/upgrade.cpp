// The supervisor's side of the HTTP upgrade: one request, one answer, then frames (frame_stream.hpp).
#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "base/json.hpp"
#include "io/frame_stream.hpp"
#include "io/url.hpp"

namespace stoker::io {
namespace {

using asio::ip::tcp;
constexpr std::size_t kMaxHead = 64U << 10;
constexpr std::size_t kMaxErrorBody = 1U << 20;

Error unreachable(const Url& url, std::string why) {
  return Error(ErrorCode::kServerUnreachable, fmt::format("no server answers at http://{}", url.authority())).because(std::move(why)).retryable();
}

// A number needs no resolver (a static binary has hardly one), and the resolver's thread is not started.
Task<Result<std::vector<tcp::endpoint>>> endpoints_of(Url url) {
  boost::system::error_code code;
  const auto address = asio::ip::make_address(url.host == "localhost" ? "127.0.0.1" : url.host, code);
  if (!code) co_return std::vector{tcp::endpoint(address, url.port)};
  tcp::resolver resolver(co_await asio::this_coro::executor);
  const auto port = std::to_string(url.port);
  const auto found = co_await resolver.async_resolve(url.host, port, asio::redirect_error(asio::use_awaitable, code));
  if (code) co_return unreachable(url, fmt::format("the name {} is not known: {}", url.host, code.message()));
  std::vector<tcp::endpoint> endpoints;
  for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

int status_of(std::string_view head) {
  int status = 0;
  if (head.starts_with("HTTP/1.1 ") && head.size() > 12) std::from_chars(head.data() + 9, head.data() + 12, status);
  return status;
}

std::size_t content_length_of(std::string_view head) {
  std::string text(head);
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::string_view kName = "\r\ncontent-length: ";
  const auto at = text.find(kName);
  std::size_t length = 0;
  if (at != std::string::npos) std::from_chars(text.data() + at + kName.size(), text.data() + text.size(), length);
  return std::min(length, kMaxErrorBody);
}

Task<Error> refusal(tcp::socket& socket, std::string buffer, std::size_t head_size, int status) {
  const auto length = content_length_of(std::string_view(buffer).substr(0, head_size));
  boost::system::error_code code;
  while (!code && buffer.size() < head_size + length) {
    std::array<char, 4096> piece;
    const auto count = co_await socket.async_read_some(asio::buffer(piece), asio::redirect_error(asio::use_awaitable, code));
    buffer.append(piece.data(), count);
  }
  if (status == 0) co_return Error(ErrorCode::kProtocol, "what answers at the server's address does not speak HTTP");
  auto body = parse_json(std::string_view(buffer).substr(head_size));
  const auto value = body ? std::move(*body) : json::value(nullptr);
  co_return error_from_json(value, status);
}

Task<Result<FrameStream>> exchange(Loop& loop, UpgradeRequest request) {
  CO_TRY(const auto url, parse_url(request.url));
  CO_TRY(const auto endpoints, co_await endpoints_of(url));
  tcp::socket socket(loop);
  boost::system::error_code code;
  co_await asio::async_connect(socket, endpoints, asio::redirect_error(asio::use_awaitable, code));
  if (code) co_return unreachable(url, code.message());
  const auto head = fmt::format(
      "GET {}{} HTTP/1.1\r\nHost: {}\r\nUser-Agent: stoker-supervisor\r\nAuthorization: Bearer {}\r\nConnection: Upgrade\r\nUpgrade: {}\r\n\r\n",
      url.prefix, request.path, url.authority(), request.token, request.protocol);
  co_await asio::async_write(socket, asio::buffer(head), asio::redirect_error(asio::use_awaitable, code));
  if (code) co_return unreachable(url, code.message());
  std::string buffer;
  const auto size =
      co_await asio::async_read_until(socket, asio::dynamic_buffer(buffer, kMaxHead), "\r\n\r\n", asio::redirect_error(asio::use_awaitable, code));
  if (code == asio::error::not_found) co_return Error(ErrorCode::kProtocol, "what answers at the server's address does not speak HTTP");
  if (code) co_return unreachable(url, code.message());
  const int status = status_of(buffer);
  if (status != 101) {
    auto error = co_await refusal(socket, std::move(buffer), size, status);
    co_return error;
  }
  auto leftover = buffer.substr(size);
  Fd fd(socket.release(code));
  if (code) co_return unreachable(url, code.message());
  co_return FrameStream(loop, std::move(fd), std::move(leftover));
}

}  // namespace

Task<Result<FrameStream>> connect_upgrade(Loop& loop, UpgradeRequest request, Deadline until) {
  auto task = exchange(loop, std::move(request));
  co_return co_await with_deadline("connecting to the server", std::move(task), until);
}

}  // namespace stoker::io
