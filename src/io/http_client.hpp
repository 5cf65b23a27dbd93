#pragma once
// A small blocking HTTP/1.1 client for the CLI and for worker threads: one server, one kept connection, bearer token.
// Bodies of any size stream in and out. No exceptions, no Beast in sight. One thread at a time per client.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace stoker::io {

/// What is sent. Text by default; a file or a reader streams.
class HttpBody {
 public:
  HttpBody() = default;
  HttpBody(std::string text) : text_(std::move(text)) {}
  /// `size` bytes of an open file from `offset`; the caller keeps it open. kIo when the file turns out shorter.
  static HttpBody file(int fd, std::uint64_t offset, std::uint64_t size);
  /// Asked for pieces until it gives an empty one; sent chunked, and never sent a second time.
  using Reader = std::function<Result<std::string>()>;
  static HttpBody reader(Reader reader);

 private:
  friend class HttpExchange;
  std::string text_;
  int fd_ = -1;
  std::uint64_t offset_ = 0;
  std::uint64_t size_ = 0;
  Reader reader_;
};

struct HttpRequest {
  std::string method = "GET";
  std::string target;  // /api/v1/runs?limit=10, already percent-encoded
  std::vector<std::pair<std::string, std::string>> headers;
  HttpBody body;
  /// Gets the pieces of a 2xx answer as they arrive, instead of `HttpResponse::body`; false ends the download (and the connection).
  std::function<bool(std::string_view)> sink;
  /// Longest silence of the server; zero: the client's.
  std::chrono::milliseconds read_timeout{0};
};

struct HttpResponse {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  bool is_success() const { return status >= 200 && status < 300; }
};

struct HttpOptions {
  std::string url;    // http://host:port
  std::string token;  // empty: none is sent
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds read_timeout{60'000};
  std::size_t max_body_bytes = 256U << 20;  // of an answer without a sink
};

class HttpClient {
 public:
  /// kInvalidInput for a URL that is none, kUnsupported for https.
  static Result<HttpClient> create(HttpOptions options);
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();

  /// Any answer of the server, whatever its status. A kept connection that turns out dead is replaced without a word; a request is
  /// sent again only when it is idempotent (GET, HEAD, PUT, DELETE, or with an Idempotency-Key) and its body can be read again.
  /// kServerUnreachable when nobody answers, kTimeout when the server falls silent, kProtocol when it does not speak HTTP.
  Result<HttpResponse> request(HttpRequest request);
  /// The same, but an answer that is no 2xx becomes the error that the server told.
  Result<HttpResponse> expect(HttpRequest request);
  /// JSON in, JSON out; `body` null: none is sent. An empty answer gives null.
  Result<json::value> call(std::string method, std::string target, const json::value& body = nullptr);

  /// Another thread may end a request that waits (the request returns kCanceled); the client is of no use afterwards.
  void interrupt();
  const std::string& url() const;

 private:
  struct State;
  explicit HttpClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace stoker::io
