#include "api/http/http_server.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_set>

#include <fmt/format.h>
#include <boost/asio/redirect_error.hpp>

#include "api/http/connection.hpp"
#include "api/http/proc_net.hpp"
#include "base/log.hpp"

namespace stoker::api {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = asio::ip::tcp;
using Acceptor = asio::basic_socket_acceptor<Tcp, io::Loop::executor_type>;

constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: 116\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
    R"({"error":{"code":"overloaded","message":"too many connections","cause":"","hint":"","mistakes":[],"retryable":true}})";

Error no_address(const std::string& text) {
  return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is not an address to listen on", text))
      .hint("like 127.0.0.1:8080, or 127.0.0.1:0 for any free port");
}

Result<Tcp::endpoint> parse_endpoint(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return no_address(text);
  std::uint16_t port = 0;
  const auto* end = text.data() + text.size();
  const auto result = std::from_chars(text.data() + colon + 1, end, port);
  if (result.ec != std::errc() || result.ptr != end) return no_address(text);
  auto host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  error_code code;
  const auto address = asio::ip::make_address(host, code);
  if (code) return no_address(text);
  return Tcp::endpoint(address, port);
}

Error cannot_listen(const Tcp::endpoint& endpoint, const error_code& code) {
  const auto place = fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
  if (code != asio::error::address_in_use) return Error(ErrorCode::kIo, "cannot listen on " + place).because(code.message());
  const auto who = process_listening_on(endpoint.port());
  return Error(ErrorCode::kAddressInUse, place + " is taken")
      .because(who.empty() ? std::string("another process listens there") : who + " listens there")
      .hint("end it, or name another address with --listen; 127.0.0.1:0 takes any free port");
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(Services services, Responder responder, HttpLimits limits)
      : services_(std::move(services)),
        responder_(std::move(responder)),
        limits_(limits),
        acceptor_(services_.loop),
        tasks_(services_.loop, "api"),
        idle_(services_.loop) {}

  Status listen(const ListenOptions& options);
  void start();
  io::Task<void> stop();

  const std::string& url() const { return url_; }
  std::uint16_t port() const { return port_; }
  std::size_t connection_count() const { return connections_.size(); }

 private:
  io::Task<void> accept_forever();
  io::Task<void> sweep_forever();
  io::Task<void> serve(std::unique_ptr<Connection> connection);
  bool is_busy() const;

  Services services_;
  Responder responder_;
  HttpLimits limits_;
  io::Pool transfers_{8};
  Acceptor acceptor_;
  std::string url_;
  std::uint16_t port_ = 0;
  bool started_ = false;
  bool stopping_ = false;
  std::unordered_set<Connection*> connections_;
  io::TaskGroup tasks_;
  io::Signal idle_;  // a connection ended
};

Status HttpServer::Impl::listen(const ListenOptions& options) {
  TRY(auto endpoint, parse_endpoint(options.address));
  if (!endpoint.address().is_loopback() && !options.beyond_loopback) {
    return Error(ErrorCode::kForbidden, fmt::format("listening on {} would open the server to the network", options.address))
        .because("tokens would travel in the clear: this version has no TLS")
        .hint("listen on 127.0.0.1 and forward the port with `ssh -L`");
  }
  error_code code;
  acceptor_.open(endpoint.protocol(), code);
  if (!code) acceptor_.set_option(Acceptor::reuse_address(true), code);
  if (!code) acceptor_.bind(endpoint, code);
  if (!code) acceptor_.listen(4096, code);
  if (code) {
    error_code ignored;
    acceptor_.close(ignored);
    return cannot_listen(endpoint, code);
  }
  const auto bound = acceptor_.local_endpoint(code);
  if (code) return cannot_listen(endpoint, code);
  port_ = bound.port();
  const auto host = bound.address().to_string();
  url_ = bound.address().is_v6() ? fmt::format("http://[{}]:{}", host, port_) : fmt::format("http://{}:{}", host, port_);
  return ok();
}

void HttpServer::Impl::start() {
  if (started_) return;
  started_ = true;
  tasks_.spawn("accept", accept_forever());
  tasks_.spawn("sweep", sweep_forever());
}

io::Task<void> HttpServer::Impl::accept_forever() {
  for (;;) {
    Socket socket(services_.loop);
    error_code code;
    co_await acceptor_.async_accept(socket, asio::redirect_error(asio::use_awaitable, code));
    if (code == asio::error::operation_aborted) co_return;
    if (code) {
      // No descriptors or no memory left: those who are there go on, new ones wait in the kernel's queue.
      log::warning("api", "cannot accept a connection", {{"cause", code.message()}});
      co_await io::sleep_for(std::chrono::milliseconds(100));
      continue;
    }
    if (connections_.size() >= limits_.connections) {
      ::send(socket.native_handle(), kFull.data(), kFull.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      continue;
    }
    try {
      tasks_.spawn("connection", serve(std::make_unique<Connection>(services_, responder_, limits_, transfers_, std::move(socket))));
    } catch (const std::exception& failure) {
      log::warning("api", "cannot serve a connection", {{"cause", failure.what()}});
    }
  }
}

io::Task<void> HttpServer::Impl::serve(std::unique_ptr<Connection> connection) {
  struct Registration {
    Registration(Impl& server, Connection* connection) : server(server), connection(connection) { server.connections_.insert(connection); }
    ~Registration() {
      server.connections_.erase(connection);
      server.idle_.notify();
    }
    Impl& server;
    Connection* connection;
  };
  const Registration registration(*this, connection.get());
  co_await connection->serve();
}

io::Task<void> HttpServer::Impl::sweep_forever() {
  const auto shortest = std::min({limits_.idle, limits_.head, limits_.json_body, limits_.stall});
  const auto pause = std::clamp(shortest / 4, std::chrono::milliseconds(20), std::chrono::milliseconds(1000));
  for (;;) {
    co_await io::sleep_for(pause);
    const auto now = std::chrono::steady_clock::now();
    for (auto* connection : connections_) connection->sweep(now);
  }
}

bool HttpServer::Impl::is_busy() const {
  return std::ranges::any_of(connections_, [](const Connection* connection) { return connection->is_busy(); });
}

io::Task<void> HttpServer::Impl::stop() {
  if (!stopping_) {
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    for (auto* connection : connections_) connection->retire();
    const auto until = io::in(limits_.stop);
    while (is_busy() && std::chrono::steady_clock::now() < until) co_await idle_.wait(std::min(until, io::in(std::chrono::milliseconds(50))));
    tasks_.cancel();
  }
  co_await tasks_.join();
}

HttpServer::HttpServer(Services services, Responder responder, HttpLimits limits)
    : impl_(std::make_unique<Impl>(std::move(services), std::move(responder), limits)) {}
HttpServer::~HttpServer() = default;
Status HttpServer::listen(const ListenOptions& options) { return impl_->listen(options); }
void HttpServer::start() { impl_->start(); }
io::Task<void> HttpServer::stop() { return impl_->stop(); }
const std::string& HttpServer::url() const { return impl_->url(); }
std::uint16_t HttpServer::port() const { return impl_->port(); }
std::size_t HttpServer::connection_count() const { return impl_->connection_count(); }

}  // namespace stoker::api
