#pragma once
// The HTTP side of the server: listens, speaks HTTP/1.1 with a coroutine per connection on the one loop, and hands each request to
// the router. Limits are checked before anything is read: heads 32 KiB, JSON 8 MiB by default, streams without bound but in small
// pieces. No garbage, slowness or size of a client costs more than its own connection.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "api/http/http.hpp"
#include "api/services.hpp"

namespace stoker::api {

struct HttpLimits {
  std::size_t head_bytes = 32U << 10;
  std::size_t json_bytes = 8U << 20;
  std::size_t connections = 20'000;
  std::chrono::milliseconds idle{75'000};       // between two requests
  std::chrono::milliseconds head{10'000};       // from the first byte to the end of the head
  std::chrono::milliseconds json_body{60'000};  // for the whole of a JSON body
  std::chrono::milliseconds stall{60'000};      // without one byte of a stream taken or given
  std::chrono::milliseconds heartbeat{15'000};  // comments in event streams
  std::chrono::milliseconds stop{3'000};        // for requests under way when the server stops
};

struct ListenOptions {
  std::string address = "127.0.0.1:0";  // IPv4, [IPv6] or localhost, with a port; 0 picks a free one
  /// Addresses beyond loopback are refused unless this is set.
  bool beyond_loopback = false;
};

class Peer;
/// The way of one request; never throws but for cancellation. `answer` of router.hpp is the one of /api/v1.
using Responder = std::function<io::Task<Reply>(const Services& services, const HttpLimits& limits, io::Pool& transfers, const Head& head,
                                                BodyReader& body, Peer& peer)>;

class HttpServer {
 public:
  HttpServer(Services services, Responder responder, HttpLimits limits = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Binds, so that `url()` is known. kAddressInUse names the process that has the port where /proc tells; kInvalidInput for what is no address,
  /// kForbidden beyond loopback.
  Status listen(const ListenOptions& options);
  /// Accepts from now on. Clients that connected since `listen` have waited.
  void start();
  /// Stops accepting, lets requests under way end within `limits.stop`, ends the streams. Idempotent.
  io::Task<void> stop();

  /// http://127.0.0.1:41234
  const std::string& url() const;
  std::uint16_t port() const;
  std::size_t connection_count() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// docs/reference/openapi.json, made from the routes' specs.
std::string render_openapi();

}  // namespace stoker::api
