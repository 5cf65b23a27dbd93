#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>

#include <fmt/format.h>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>

#include "api/test_server.hpp"
#include "catalog/runs.hpp"

namespace stoker::api {

json::object Answer::record() const {
  auto value = parse_json(body);
  if (value && value->is_object()) return value->get_object();
  ADD_FAILURE() << "no JSON object: " << body.substr(0, 300);
  return {};
}

std::string Answer::code() const {
  const auto all = record();
  const auto* error = all.if_contains("error");
  return error == nullptr ? "" : std::string(error->at("code").as_string());
}

RawClient::RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const timeval patience{10, 0};
  setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) ADD_FAILURE() << "cannot connect";
}

RawClient::~RawClient() { ::close(socket_); }

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool RawClient::fill() {
  char piece[65536];
  const auto count = ::recv(socket_, piece, sizeof piece, 0);
  if (count <= 0) return false;
  in_.append(piece, static_cast<std::size_t>(count));
  return true;
}

std::string RawClient::take_line() {
  for (;;) {
    const auto end = in_.find("\r\n");
    if (end != std::string::npos) {
      auto line = in_.substr(0, end);
      in_.erase(0, end + 2);
      return line;
    }
    if (!fill()) return {};
  }
}

std::string RawClient::take_bytes(std::size_t count) {
  while (in_.size() < count && fill()) {
  }
  count = std::min(count, in_.size());
  auto bytes = in_.substr(0, count);
  in_.erase(0, count);
  return bytes;
}

Answer RawClient::receive(bool is_head) {
  Answer answer;
  const auto first = take_line();
  if (first.size() < 12) return answer;
  std::from_chars(first.data() + 9, first.data() + 12, answer.status);
  for (auto line = take_line(); !line.empty(); line = take_line()) {
    const auto colon = line.find(':');
    auto name = line.substr(0, colon);
    for (auto& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    answer.headers[name] = line.substr(std::min(line.size(), colon + 2));
  }
  if (is_head || answer.status == 100 || answer.status == 304 || answer.status == 101) return answer;
  if (answer.headers.contains("transfer-encoding")) {
    for (;;) {
      const auto size = std::strtoul(take_line().c_str(), nullptr, 16);
      answer.body += take_bytes(size);
      take_line();
      if (size == 0) return answer;
    }
  }
  if (answer.headers.contains("content-length")) answer.body = take_bytes(std::stoul(answer.headers["content-length"]));
  return answer;
}

std::string RawClient::receive_until(std::string_view mark) {
  while (in_.find(mark) == std::string::npos && fill()) {
  }
  return std::exchange(in_, {});
}

bool RawClient::is_closed_by_server() {
  for (;;) {
    char piece[4096];
    const auto count = ::recv(socket_, piece, sizeof piece, 0);
    if (count == 0) return true;
    if (count < 0) return errno == ECONNRESET;
  }
}

ServerTest::ServerTest() {
  char pattern[] = "/tmp/stoker-api-XXXXXX";
  folder_ = ::mkdtemp(pattern);
  std::filesystem::create_directory(folder_ + "/logs");
  std::filesystem::create_directory(folder_ + "/spool");
  db::Settings settings;
  settings.url = folder_ + "/catalog.sqlite";
  catalog_ = *catalog::Catalog::open(settings, loop_, pool_);
  logs_ = *logs::LogStore::open(folder_ + "/logs");
  metrics_ = *metrics::MetricStore::open(folder_ + "/metrics", {.waits_for_index = true});
  samples_ = *metrics::MetricStore::open(folder_ + "/samples");
  objects_ = *snapshots::ObjectStore::open(folder_ + "/snapshots");
}

void ServerTest::start(HttpLimits limits) {
  targets::Context context{.loop = loop_, .pool = pool_, .name = "local", .directory = folder_, .settings = {}};
  context.wire = &world_;
  std::map<std::string, std::unique_ptr<targets::Target>> all;
  all.emplace("local",
              std::make_unique<targets::MockTarget>(std::move(context), targets::MockTarget::Settings{.capacity = {.cpus = 64, .gpus = {}}}));
  runs_ =
      std::make_unique<runs::RunService>(runs::Parts{.loop = loop_,
                                                     .pool = pool_,
                                                     .clock = clock_,
                                                     .random = random_,
                                                     .catalog = *catalog_,
                                                     .logs = *logs_,
                                                     .metrics = *metrics_,
                                                     .samples = *samples_,
                                                     .feed = feed_,
                                                     .targets = std::move(all),
                                                     .snapshot_exists = [](SnapshotId) -> io::Task<Result<bool>> { co_return true; },
                                                     .run_token = [this](const RunId& run, int attempt) { return tokens_.run_token(run, attempt); },
                                                     .server_url = [this] { return server_->url(); },
                                                     .server_instance = "test",
                                                     .datastores = folder_ + "/datastores",
                                                     .personal = true});
  Services services{.loop = loop_,
                    .pool = pool_,
                    .clock = clock_,
                    .random = random_,
                    .catalog = *catalog_,
                    .runs = *runs_,
                    .objects = *objects_,
                    .logs = *logs_,
                    .metrics = *metrics_,
                    .samples = *samples_,
                    .tokens = tokens_};
  services.info = {.version = "0.1.0", .data_dir = folder_, .instance = "test-instance", .personal = true, .started_at = clock_.now(), .url = [this] {
                     return server_->url();
                   }};
  services.spool_directory = folder_ + "/spool";
  services.request_stop = [this] { ++stops_asked_; };
  server_ = std::make_unique<HttpServer>(std::move(services), &answer, limits);
  const auto listening = server_->listen({});
  ASSERT_TRUE(listening) << listening.error().to_terminal();
  thread_ = std::thread([this] { loop_.run(); });
  const auto started = on_loop<Status>([this] { return runs_->start(); });
  ASSERT_TRUE(started) << started.error().to_terminal();
  on_loop<void>([this]() -> io::Task<void> {
    world_.set_hub(&runs_->hub());
    server_->start();
    co_return;
  });
}

void ServerTest::stop() {
  if (!thread_.joinable()) return;
  on_loop<void>([this] { return server_->stop(); });
  on_loop<void>([this] { return world_.stop(); });
  on_loop<void>([this] { return runs_->stop(); });
  work_.reset();
  loop_.stop();
  thread_.join();
}

ServerTest::~ServerTest() {
  stop();
  server_.reset();
  runs_.reset();
  loop_.restart();
  loop_.poll();
  catalog_.reset();
  std::filesystem::remove_all(folder_);
}

std::string ServerTest::text_of_request(std::string_view method, std::string_view target, std::string_view token, std::string_view body,
                                        const Headers& headers) {
  auto text = fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n", method, target);
  if (!token.empty()) text += fmt::format("Authorization: Bearer {}\r\n", token);
  for (const auto& [name, value] : headers) text += fmt::format("{}: {}\r\n", name, value);
  if (!body.empty() || method == "POST" || method == "PUT" || method == "PATCH") text += fmt::format("Content-Length: {}\r\n", body.size());
  return text + "\r\n" + std::string(body);
}

Answer ServerTest::request_as(std::string_view token, std::string_view method, const std::string& target, const std::string& body,
                              const Headers& headers) {
  RawClient client(port());
  client.send(text_of_request(method, target, token, body, headers));
  return client.receive(method == "HEAD");
}

Answer ServerTest::request(std::string_view method, const std::string& target, const std::string& body, const Headers& headers) {
  return request_as(kOwnerToken, method, target, body, headers);
}

std::string ServerTest::submit(const std::string& play, const std::string& parent) {
  json::object spec{{"argv", json::array{"/bin/true"}}, {"environment_variables", {{"STOKER_MOCK", play}}}, {"grace_seconds", 1}};
  if (!parent.empty()) spec["parent"] = parent;
  const auto answer = request("POST", "/api/v1/runs", json::serialize(spec));
  EXPECT_EQ(answer.status, 201) << answer.body;
  return answer.status == 201 ? std::string(answer.record().at("id").as_string()) : "";
}

json::object ServerTest::wait_for(const std::string& run, std::string_view state) {
  return on_loop<json::object>([this, run, state]() -> io::Task<json::object> {
    const RunId id(run);
    const auto topic = feed_.of(id);
    const auto limit = io::in(std::chrono::seconds(30));
    for (;;) {
      const auto seen = topic->version();
      auto read = [id](db::Connection& connection) { return catalog::find_run(connection, id); };
      const auto found = co_await catalog_->read(read);
      if (found && to_text(found->state) == state) co_return to_json(*found);
      if (std::chrono::steady_clock::now() > limit) {
        ADD_FAILURE() << "the run is not " << state;
        co_return json::object();
      }
      co_await topic->changed(seen, io::in(std::chrono::milliseconds(200)));
    }
  });
}

void ServerTest::say(const std::string& run, std::string_view bytes, std::uint64_t offset, std::uint8_t stream) {
  const logs::Piece piece{stream, offset, bytes, clock_.now()};
  EXPECT_TRUE(logs_->append(RunId(run), 1, std::span(&piece, 1)));
  wake(run);
}

void ServerTest::log_metric(const std::string& run, std::uint64_t seq, const std::string& name, double value) {
  const metrics::NumberedPoint point{seq, MetricPoint{.name = name, .values = {value}, .step = static_cast<std::int64_t>(seq), .time = clock_.now()}};
  EXPECT_TRUE(metrics_->append(RunId(run), 1, std::span(&point, 1)));
  wake(run);
}

void ServerTest::wake(const std::string& run) {
  boost::asio::post(loop_, [this, run] { feed_.notify(RunId(run)); });
}

}  // namespace stoker::api
