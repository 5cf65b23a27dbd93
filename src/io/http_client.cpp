#include "io/http_client.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "io/http_exchange.hpp"
#include "io/socket.hpp"

namespace stoker::io {

HttpBody HttpBody::file(int fd, std::uint64_t offset, std::uint64_t size) {
  HttpBody body;
  body.fd_ = fd;
  body.offset_ = offset;
  body.size_ = size;
  return body;
}

HttpBody HttpBody::reader(Reader reader) {
  HttpBody body;
  body.reader_ = std::move(reader);
  return body;
}

struct HttpClient::State {
  HttpOptions options;
  Url url;
  Fd wake;
  std::optional<HttpConnection> connection;
};

namespace {

Status check_text(std::string_view what, std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::ranges::none_of(text, is_control)) return ok();
  return Error(ErrorCode::kInvalidInput, fmt::format("{} holds a control character", what));
}

Status check(const HttpRequest& request, const HttpOptions& options) {
  CHECK_OK(check_text("the token", options.token));
  CHECK_OK(check_text("the address", request.target));
  if (request.target.find(' ') != std::string::npos) return Error(ErrorCode::kInvalidInput, "the address holds a blank");
  for (const auto& [name, value] : request.headers) CHECK_OK(check_text("the header " + name, name + value));
  return ok();
}

bool is_idempotent(const HttpRequest& request) {
  if (request.method == "GET" || request.method == "HEAD" || request.method == "PUT" || request.method == "DELETE") return true;
  return std::ranges::any_of(request.headers, [](const auto& header) { return header.first == "Idempotency-Key"; });
}

std::string head_of(const HttpRequest& request, const Url& url, const HttpOptions& options) {
  auto head = fmt::format("{} {}{} HTTP/1.1\r\nHost: {}\r\nUser-Agent: stoker\r\n", request.method, url.prefix, request.target, url.authority());
  if (!options.token.empty()) head += fmt::format("Authorization: Bearer {}\r\n", options.token);
  for (const auto& [name, value] : request.headers) head += fmt::format("{}: {}\r\n", name, value);
  return head;
}

}  // namespace

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Result<HttpClient> HttpClient::create(HttpOptions options) {
  auto state = std::make_unique<State>();
  TRY(state->url, parse_url(options.url));
  state->options = std::move(options);
  state->wake = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!state->wake.is_open()) return errno_error("cannot make an event descriptor", errno);
  return HttpClient(std::move(state));
}

Result<HttpResponse> HttpClient::request(HttpRequest request) {
  auto& state = *state_;
  CHECK_OK(check(request, state.options));
  const auto head = head_of(request, state.url, state.options);
  const auto silence = request.read_timeout.count() > 0 ? request.read_timeout : state.options.read_timeout;
  for (bool again = true;; again = false) {
    if (state.connection && !state.connection->can_be_reused()) state.connection.reset();
    const bool is_reused = state.connection.has_value();
    if (!is_reused) {
      TRY(auto socket, Socket::connect(state.url, state.options.connect_timeout, state.wake.get()));
      state.connection.emplace(std::move(socket), "http://" + state.url.authority());
    }
    HttpExchange exchange(*state.connection, silence, state.options.max_body_bytes);
    auto response = exchange.run(head, request);
    if (!response || !state.connection->can_be_reused()) {
      const bool retry = !response && is_reused && again && exchange.was_unheard() && is_idempotent(request) && !exchange.has_used_up(request.body);
      state.connection.reset();
      if (retry) continue;
    }
    return response;
  }
}

Result<HttpResponse> HttpClient::expect(HttpRequest request) {
  TRY(auto response, this->request(std::move(request)));
  if (response.is_success()) return response;
  auto body = parse_json(response.body);
  return error_from_json(body ? *body : json::value(nullptr), response.status);
}

Result<json::value> HttpClient::call(std::string method, std::string target, const json::value& body) {
  HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.headers.emplace_back("Accept", "application/json");
  if (!body.is_null()) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = HttpBody(json::serialize(body));
  }
  TRY(auto response, expect(std::move(request)));
  if (response.body.empty()) return json::value(nullptr);
  auto value = parse_json(response.body);
  if (value) return value;
  return Error(ErrorCode::kProtocol, fmt::format("the server at {} answered with something else than JSON", state_->options.url))
      .because(std::move(value).error());
}

void HttpClient::interrupt() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(state_->wake.get(), &one, sizeof one);
}

const std::string& HttpClient::url() const { return state_->options.url; }

}  // namespace stoker::io
