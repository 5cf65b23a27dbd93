#include "api/http/http_server.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include "api/http/proc_net.hpp"
#include "api/test_server.hpp"

namespace stoker::api {
namespace {

using namespace std::chrono_literals;

class HttpTest : public ServerTest {
 protected:
  /// The status that these bytes bring; 0 when the server just closes.
  int status_of(std::string_view bytes) {
    RawClient client(port());
    client.send(bytes);
    ::shutdown(client.descriptor(), SHUT_WR);
    return client.receive().status;
  }
};

constexpr std::string_view kHealth = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(HttpTest, HealthNeedsNoToken) {
  start();
  const auto answer = request_as("", "GET", "/healthz");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.record(), (json::object{{"status", "ok"}, {"instance", "test-instance"}}));
  EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff");
}

TEST_F(HttpTest, ManyRequestsOnOneConnection) {
  start();
  RawClient client(port());
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(client.send(kHealth));
    ASSERT_EQ(client.receive().status, 200);
  }
}

TEST_F(HttpTest, PipelinedRequestsAreAnsweredInOrder) {
  start();
  RawClient client(port());
  std::string all;
  for (int i = 0; i < 50; ++i) {
    all += kHealth;
    all += text_of_request("POST", "/api/v1/workspaces", kOwnerToken, R"({"subscription_id":"s","resource_group":"g","name":"w1","exist_ok":true})");
    all += "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  ASSERT_TRUE(client.send(all));
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(client.receive().status, 200);
    ASSERT_EQ(client.receive().status, 201);
    ASSERT_EQ(client.receive().status, 404);
  }
}

TEST_F(HttpTest, ARequestMayComeByteByByte) {
  start();
  RawClient client(port());
  for (const char c : kHealth) ASSERT_TRUE(client.send(std::string_view(&c, 1)));
  EXPECT_EQ(client.receive().status, 200);
}

TEST_F(HttpTest, GarbageGetsAnAnswerOrAClosedConnection) {
  start();
  const std::pair<std::string, int> cases[] = {
      {"\r\n\r\n\r\n\r\n", 400},
      {"GET\r\n\r\n", 400},
      {"GET /healthz\r\n\r\n", 400},
      {"GET /healthz HTTP/3.0\r\nHost: x\r\n\r\n", 505},
      {"GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET /healthz HTTP/1.1\r\n\r\n", 400},
      {"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET /healthz HTTP/1.1\r\nHost: x\r\nNo colon\r\n\r\n", 400},
      {"GET /healthz HTTP/1.1\r\nHost: x\r\nBad name: v\r\n\r\n", 400},
      {"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400},
      {"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400},
      {"POST /api/v1/runs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"POST /api/v1/runs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"POST /api/v1/runs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n", 501},
      {"POST /api/v1/runs HTTP/1.1\r\nHost: x\r\nExpect: a miracle\r\nContent-Length: 1\r\n\r\n", 417},
      {"GET http://evil/healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 405},
      {std::string("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", 28), 400},
      {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), 400},
      {"GET /healthz HTT", 0},
      {"", 0},
  };
  for (const auto& [bytes, status] : cases) EXPECT_EQ(status_of(bytes), status) << bytes;
  EXPECT_EQ(request("GET", "/healthz").status, 200);
}

TEST_F(HttpTest, HeadsHaveALimit) {
  start();
  EXPECT_EQ(status_of("GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n"), 431);
  EXPECT_EQ(status_of("GET /" + std::string(40'000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n"), 431);
  EXPECT_EQ(status_of("GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + std::string(30'000, 'x') + "\r\n\r\n"), 200);
  std::string many = "GET /healthz HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 3000; ++i) many += fmt::format("x{}: y\r\n", i);
  EXPECT_EQ(status_of(many + "\r\n"), 200);
}

TEST_F(HttpTest, UnknownPathsAndMethodsGetAWord) {
  start();
  const auto missing = request("GET", "/api/v1/run");
  EXPECT_EQ(missing.status, 404);
  EXPECT_NE(missing.body.find("/api/v1/runs"), std::string::npos) << missing.body;
  const auto wrong = request("DELETE", "/api/v1/runs");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers.at("allow"), "GET, HEAD, POST");
}

TEST_F(HttpTest, HeadHasTheLengthAndNoBody) {
  start();
  const auto whole = request("GET", "/api/v1/openapi.json");
  RawClient client(port());
  client.send(text_of_request("HEAD", "/api/v1/openapi.json", kOwnerToken));
  const auto head = client.receive(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-length"), std::to_string(whole.body.size()));
  client.send(kHealth);
  EXPECT_EQ(client.receive().status, 200);
}

TEST_F(HttpTest, OldClientsAreClosedUnlessTheyAskToStay) {
  start();
  RawClient client(port());
  client.send("GET /healthz HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.receive().headers.at("connection"), "close");
  EXPECT_TRUE(client.is_closed_by_server());
  RawClient stays(port());
  stays.send("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(stays.receive().headers.at("connection"), "keep-alive");
  stays.send(kHealth);
  EXPECT_EQ(stays.receive().status, 200);
}

TEST_F(HttpTest, AGigabyteOfJsonIsRefusedBeforeItIsRead) {
  start();
  RawClient client(port());
  client.send(fmt::format("POST /api/v1/runs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 1000000000\r\n\r\n", kOwnerToken));
  const auto answer = client.receive();
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.code(), "input.too_large");
  EXPECT_EQ(answer.headers.at("connection"), "close");
}

TEST_F(HttpTest, TheAnswerArrivesThoughTheClientGoesOnSending) {
  start();
  RawClient client(port());
  client.send(
      fmt::format("POST /api/v1/workspaces HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 30000000\r\n\r\n", kOwnerToken));
  client.send(std::string(20'000'000, 'x'));
  EXPECT_EQ(client.receive().status, 413);
}

TEST_F(HttpTest, ChunkedJsonBeyondTheLimitIsRefused) {
  HttpLimits limits;
  limits.json_bytes = 100'000;
  start(limits);
  RawClient client(port());
  client.send(
      fmt::format("POST /api/v1/workspaces HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n\r\n", kOwnerToken));
  for (int i = 0; i < 20; ++i) client.send("2710\r\n" + std::string(10'000, ' ') + "\r\n");
  EXPECT_EQ(client.receive().status, 413);
}

TEST_F(HttpTest, ChunkedJsonIsRead) {
  start();
  RawClient client(port());
  client.send(
      fmt::format("POST /api/v1/workspaces HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n\r\n", kOwnerToken));
  for (const char* chunk : {R"({"subscription_id":"s",)", R"("resource_group":"g",)", R"("name":"chunks"})"})
    client.send(fmt::format("{:x}\r\n{}\r\n", std::string_view(chunk).size(), chunk));
  client.send("0\r\n\r\n");
  EXPECT_EQ(client.receive().status, 201);
  client.send(kHealth);
  EXPECT_EQ(client.receive().status, 200);
}

TEST_F(HttpTest, BrokenChunksAreRefused) {
  start();
  RawClient client(port());
  client.send(fmt::format("POST /api/v1/workspaces HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
                          kOwnerToken));
  EXPECT_EQ(client.receive().status, 400);
}

TEST_F(HttpTest, ContinueIsSaidOnlyWhenTheBodyIsWanted) {
  start();
  RawClient refused(port());
  refused.send("POST /api/v1/runs HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n");
  EXPECT_EQ(refused.receive().status, 401);
  RawClient wanted(port());
  const std::string body = R"({"subscription_id":"s","resource_group":"g","name":"later"})";
  wanted.send(
      fmt::format("POST /api/v1/workspaces HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
                  kOwnerToken, body.size()));
  EXPECT_EQ(wanted.receive().status, 100);
  wanted.send(body);
  EXPECT_EQ(wanted.receive().status, 201);
}

TEST_F(HttpTest, DeepJsonIsRefusedAtOnce) {
  start();
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += R"({"a":)";
  EXPECT_EQ(request("POST", "/api/v1/runs", deep).status, 400);
  EXPECT_EQ(request("POST", "/api/v1/runs", std::string(1'000'000, '[')).status, 400);
  EXPECT_EQ(request("POST", "/api/v1/runs", "{\"a\": \xFF}").status, 400);
  EXPECT_EQ(request("POST", "/api/v1/runs", "null").status, 400);
  EXPECT_EQ(request("POST", "/api/v1/runs").status, 400);
}

TEST_F(HttpTest, SlowHeadsAndSilentClientsAreCutOff) {
  HttpLimits limits;
  limits.head = 100ms;
  limits.idle = 200ms;
  start(limits);
  RawClient slow(port());
  slow.send("GET /healthz HTTP/1.1\r\nHost");
  EXPECT_TRUE(slow.is_closed_by_server());
  RawClient silent(port());
  EXPECT_TRUE(silent.is_closed_by_server());
}

TEST_F(HttpTest, ABodyThatStopsIsATimeout) {
  HttpLimits limits;
  limits.json_body = 150ms;
  start(limits);
  RawClient client(port());
  client.send(fmt::format("POST /api/v1/workspaces HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 100\r\n\r\n{{", kOwnerToken));
  EXPECT_EQ(client.receive().status, 504);
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(HttpTest, TooManyConnectionsAreToldSo) {
  HttpLimits limits;
  limits.connections = 2;
  start(limits);
  RawClient first(port()), second(port());
  first.send(kHealth);
  second.send(kHealth);
  EXPECT_EQ(first.receive().status, 200);
  EXPECT_EQ(second.receive().status, 200);
  RawClient third(port());
  const auto answer = third.receive();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.code(), "overloaded");
}

TEST_F(HttpTest, ATakenPortNamesItsOwner) {
  start();
  HttpServer other(Services{.loop = loop_,
                            .pool = pool_,
                            .clock = clock_,
                            .random = random_,
                            .catalog = *catalog_,
                            .runs = *runs_,
                            .objects = *objects_,
                            .logs = *logs_,
                            .metrics = *metrics_,
                            .samples = *samples_,
                            .tokens = tokens_},
                   &answer);
  const auto taken = other.listen({.address = fmt::format("127.0.0.1:{}", port())});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code(), ErrorCode::kAddressInUse);
  EXPECT_NE(taken.error().cause().find(fmt::format("pid {}", getpid())), std::string::npos) << taken.error().cause();
  for (const char* address : {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "nowhere:80", "[::1"}) {
    const auto wrong = other.listen({.address = address});
    ASSERT_FALSE(wrong) << address;
    EXPECT_EQ(wrong.error().code(), ErrorCode::kInvalidInput) << address;
  }
  EXPECT_EQ(other.listen({.address = "0.0.0.0:0"}).error().code(), ErrorCode::kForbidden);
}

TEST_F(HttpTest, StoppingEndsIdleConnectionsAndLetsRequestsEnd) {
  start();
  RawClient idle(port());
  idle.send(kHealth);
  EXPECT_EQ(idle.receive().status, 200);
  stop();
  EXPECT_TRUE(idle.is_closed_by_server());
}

TEST_F(HttpTest, TheStopRequestIsPassedOn) {
  start();
  EXPECT_EQ(request("POST", "/api/v1/server/stop").status, 202);
  EXPECT_EQ(stops_asked_, 1);
}

TEST(ProcNet, TellsTheUserOfTheOtherEnd) {
  const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listening, 1), 0);
  socklen_t size = sizeof address;
  ::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size);
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const int served = ::accept(listening, nullptr, nullptr);
  EXPECT_EQ(peer_uid(served), getuid());
  // The kernel takes the user from the socket's owner, so that another user can be played.
  if (geteuid() == 0 && ::fchown(client, 4321, 4321) == 0) EXPECT_EQ(peer_uid(served), 4321U);
  EXPECT_NE(process_listening_on(ntohs(address.sin_port)).find(fmt::format("pid {}", getpid())), std::string::npos);
  for (const int fd : {served, client, listening}) ::close(fd);
}

TEST(ProcNet, ReadsTheKernelsTable) {
  const auto rows = parse_socket_table(
      "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
      "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1 0 100 0 0 10 0\n"
      "garbage\n\n   1: x\n");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].local, "0100007F:1F90");
  EXPECT_TRUE(rows[0].is_listening);
  EXPECT_EQ(rows[0].uid, 1000U);
  EXPECT_EQ(rows[0].inode, 12345U);
}

}  // namespace
}  // namespace stoker::api
