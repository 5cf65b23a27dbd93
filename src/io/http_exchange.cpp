#include "io/http_exchange.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

namespace stoker::io {
namespace {

namespace http = boost::beast::http;
using Parser = http::response_parser<http::buffer_body>;
constexpr std::size_t kPiece = 64U << 10;

std::string lower(std::string_view name) {
  std::string text(name);
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

void copy_head(const Parser& parser, HttpResponse& response) {
  response.status = static_cast<int>(parser.get().result_int());
  for (const auto& field : parser.get())
    response.headers[lower(std::string_view(field.name_string().data(), field.name_string().size()))] =
        std::string(field.value().data(), field.value().size());
}

}  // namespace

Result<HttpResponse> HttpExchange::run(const std::string& head, const HttpRequest& request) {
  connection_.is_whole = false;
  TRY(const bool sent, send(head, request));
  while (true) {
    auto response = receive(request);
    if (response && response->status < 200) continue;  // 100 Continue and its like
    if (!sent) connection_.is_whole = false;
    return response;
  }
}

Result<bool> HttpExchange::send(std::string head, const HttpRequest& request) {
  const auto& body = request.body;
  if (body.reader_) return send_chunked(std::move(head), body);
  const bool has_body = body.fd_ >= 0 || !body.text_.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (has_body) head += fmt::format("Content-Length: {}\r\n", body.fd_ >= 0 ? body.size_ : body.text_.size());
  head += "\r\n";
  const bool small = body.text_.size() <= kPiece;
  if (small) head += body.text_;
  TRY(bool taken, connection_.socket.write(head, silence_));
  if (taken && !small) return connection_.socket.write(body.text_, silence_);
  if (taken && body.fd_ >= 0) return connection_.socket.write_file(body.fd_, body.offset_, body.size_, silence_);
  return taken;
}

Result<bool> HttpExchange::send_chunked(std::string head, const HttpBody& body) {
  head += "Transfer-Encoding: chunked\r\n\r\n";
  while (true) {
    TRY(const auto piece, body.reader_());
    head += piece.empty() ? "0\r\n" : fmt::format("{:x}\r\n", piece.size()) + piece;
    head += "\r\n";
    TRY(const bool taken, connection_.socket.write(head, silence_));
    if (!taken || piece.empty()) return taken;
    head.clear();
  }
}

Result<HttpResponse> HttpExchange::receive(const HttpRequest& request) {
  Parser parser;
  parser.eager(true);
  parser.skip(request.method == "HEAD");
  parser.header_limit(64U << 10);
  parser.body_limit(boost::none);
  HttpResponse response;
  std::string piece(kPiece, '\0');
  auto& body = parser.get().body();
  auto& unread = connection_.unread;
  while (!parser.is_done()) {
    body.data = piece.data();
    body.size = piece.size();
    boost::system::error_code code;
    const auto used = unread.empty() ? 0 : parser.put(boost::asio::buffer(unread), code);
    unread.erase(0, used);
    if (parser.is_header_done() && response.status == 0) copy_head(parser, response);
    const std::string_view got(piece.data(), body.data == nullptr ? 0 : piece.size() - body.size);
    if (request.sink && response.is_success()) {
      if (!got.empty() && !request.sink(got)) return response;
    } else {
      response.body += got;
    }
    if (response.body.size() > max_body_)
      return Error(ErrorCode::kInputTooLarge, fmt::format("the answer of {} is larger than {} bytes", connection_.name, max_body_));
    if (parser.is_done()) break;
    if (code == http::error::need_buffer || (!code && used > 0)) continue;
    if (code && code != http::error::need_more)
      return Error(ErrorCode::kProtocol, fmt::format("what answers at {} does not speak HTTP", connection_.name)).because(code.message());
    TRY(const auto count, read_more());
    if (count > 0) continue;
    if (!parser.is_header_done() || !parser.need_eof()) return hung_up();
    parser.put_eof(code);
    return response;
  }
  connection_.is_whole = parser.keep_alive();
  return response;
}

Result<std::size_t> HttpExchange::read_more() {
  char bytes[kPiece];
  TRY(const auto count, connection_.socket.read_some(bytes, sizeof bytes, silence_));
  connection_.unread.append(bytes, count);
  heard_ = heard_ || count > 0;
  return count;
}

Error HttpExchange::hung_up() const {
  return Error(ErrorCode::kServerUnreachable, fmt::format("the server at {} closed the connection before its answer was complete", connection_.name))
      .hint("it may be restarting: try again, or see `stoker server status`")
      .retryable();
}

}  // namespace stoker::io
