#pragma once
// One request and its answer on one connection; inside of the HTTP client only. Beast's parser reads the answer (http_exchange.cpp).

#include <string>

#include "io/http_client.hpp"
#include "io/socket.hpp"

namespace stoker::io {

struct HttpConnection {
  HttpConnection(Socket socket, std::string name) : socket(std::move(socket)), name(std::move(name)) {}
  bool can_be_reused() const { return is_whole && unread.empty() && socket.is_quiet(); }
  Socket socket;
  std::string name;      // for messages: http://host:port
  std::string unread;    // bytes that came and were not parsed yet
  bool is_whole = true;  // the last exchange was read to its end and the server keeps the connection
};

class HttpExchange {
 public:
  HttpExchange(HttpConnection& connection, Socket::Timeout silence, std::size_t max_body)
      : connection_(connection), silence_(silence), max_body_(max_body) {}
  Result<HttpResponse> run(const std::string& head, const HttpRequest& request);
  /// The server said nothing: with a reused connection the request most likely never reached it.
  bool was_unheard() const { return !heard_; }
  bool has_used_up(const HttpBody& body) const { return static_cast<bool>(body.reader_); }

 private:
  Result<bool> send(std::string head, const HttpRequest& request);
  Result<bool> send_chunked(std::string head, const HttpBody& body);
  Result<HttpResponse> receive(const HttpRequest& request);
  Result<std::size_t> read_more();
  Error hung_up() const;

  HttpConnection& connection_;
  Socket::Timeout silence_;
  std::size_t max_body_;
  bool heard_ = false;
};

}  // namespace stoker::io
