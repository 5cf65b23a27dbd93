#include "io/http_client.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "io/testing.hpp"
#include "io/url.hpp"

namespace stoker::io {
namespace {

using namespace std::chrono_literals;
using testing::Peer;
using testing::PlainServer;

HttpClient client_of(const std::string& url, std::chrono::milliseconds silence = 5s) {
  HttpOptions options;
  options.url = url;
  options.token = "secret";
  options.read_timeout = silence;
  auto client = HttpClient::create(options);
  return std::move(*client);
}

HttpRequest request_of(std::string method, std::string target, std::string body = "") {
  HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.body = HttpBody(std::move(body));
  return request;
}

std::string body_of(Peer& peer, const std::string& head) {
  const auto at = head.find("Content-Length: ");
  return at == std::string::npos ? "" : peer.read_exactly(std::stoul(head.substr(at + 16)));
}

TEST(HttpClient, SendsOneRequestAfterTheOtherOverOneConnection) {
  PlainServer server([](Peer& peer) {
    for (std::string head; !(head = peer.read_until("\r\n\r\n")).empty();) {
      const auto body = body_of(peer, head);
      peer.answer(200, head.substr(0, head.find(' ')) + body, "X-Some: Thing\r\n");
    }
  });
  auto client = client_of(server.url());
  for (int i = 0; i < 3; ++i) {
    const auto response = client.request(request_of("POST", "/x", "hello"));
    ASSERT_TRUE(response) << response.error().to_line();
    EXPECT_EQ(response->body, "POSThello");
    EXPECT_EQ(response->headers.at("x-some"), "Thing");
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, SendsTokenAndHost) {
  std::string head;
  PlainServer server([&](Peer& peer) {
    head = peer.read_until("\r\n\r\n");
    peer.answer(204, "");
  });
  ASSERT_TRUE(client_of(server.url()).request(request_of("GET", "/path?q=1")));
  EXPECT_NE(head.find("GET /path?q=1 HTTP/1.1\r\n"), std::string::npos);
  EXPECT_NE(head.find("Authorization: Bearer secret\r\n"), std::string::npos);
  EXPECT_NE(head.find(fmt::format("Host: 127.0.0.1:{}\r\n", server.port())), std::string::npos);
  EXPECT_EQ(head.find("Content-Length"), std::string::npos);
}

TEST(HttpClient, ReplacesAKeptConnectionThatTheServerClosed) {
  PlainServer server([](Peer& peer) {
    if (!peer.read_until("\r\n\r\n").empty()) peer.answer(200, "x");
  });
  auto client = client_of(server.url());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(client.request(request_of("GET", "/")));
  EXPECT_EQ(server.connections(), 5);
}

TEST(HttpClient, SendsAPutAgainWhenTheKeptConnectionDiesUnderIt) {
  PlainServer server([n = 0](Peer& peer) mutable {
    auto head = peer.read_until("\r\n\r\n");
    peer.answer(200, body_of(peer, head));
    if (n++ == 0) peer.read_until("\r\n\r\n");  // takes the second request and hangs up without a word
  });
  auto client = client_of(server.url());
  ASSERT_TRUE(client.request(request_of("PUT", "/", "one")));
  const auto second = client.request(request_of("PUT", "/", "two"));
  ASSERT_TRUE(second) << second.error().to_line();
  EXPECT_EQ(second->body, "two");
}

TEST(HttpClient, NeverSendsAPostTwiceUnlessItHasAKey) {
  std::atomic<int> posts = 0;
  PlainServer server([&](Peer& peer) {
    for (std::string head; !(head = peer.read_until("\r\n\r\n")).empty();) {
      if (head.starts_with("GET")) peer.answer(200, "");
      else if (++posts != 2) return;
      else peer.answer(201, "");
    }
  });
  auto client = client_of(server.url());
  ASSERT_TRUE(client.request(request_of("GET", "/")));
  EXPECT_EQ(client.request(request_of("POST", "/")).error().code(), ErrorCode::kServerUnreachable);
  EXPECT_EQ(posts, 1);
  posts = 0;
  ASSERT_TRUE(client.request(request_of("GET", "/")));
  auto keyed = request_of("POST", "/");
  keyed.headers.emplace_back("Idempotency-Key", "k");
  EXPECT_EQ(client.request(keyed)->status, 201);
  EXPECT_EQ(posts, 2);
}

TEST(HttpClient, NobodyThereIsSaidWithAHint) {
  std::string url;
  {
    PlainServer server([](Peer&) {});
    url = server.url();
  }
  const auto response = client_of(url).request(request_of("GET", "/"));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code(), ErrorCode::kServerUnreachable);
  EXPECT_FALSE(response.error().hint_text().empty());
  EXPECT_TRUE(response.error().is_retryable());
}

TEST(HttpClient, ASilentServerIsATimeout) {
  PlainServer server([](Peer& peer) { peer.read_until("never"); });
  const auto response = client_of(server.url(), 50ms).request(request_of("GET", "/"));
  EXPECT_EQ(response.error().code(), ErrorCode::kTimeout);
}

TEST(HttpClient, GarbageIsAProtocolError) {
  PlainServer server([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.write("SSH-2.0-OpenSSH_9.2\r\n\r\n");
  });
  EXPECT_EQ(client_of(server.url()).request(request_of("GET", "/")).error().code(), ErrorCode::kProtocol);
}

TEST(HttpClient, AnAnswerThatBreaksOffIsNoAnswer) {
  PlainServer server([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
  });
  EXPECT_EQ(client_of(server.url()).request(request_of("GET", "/")).error().code(), ErrorCode::kServerUnreachable);
}

TEST(HttpClient, ErrorsOfTheServerComeBackAsSuch) {
  PlainServer server([](Peer& peer) {
    while (!peer.read_until("\r\n\r\n").empty()) {
      peer.answer(404, json::serialize(to_json(Error(ErrorCode::kNotFound, "there is no run x").hint("did you mean y"))));
    }
  });
  auto client = client_of(server.url());
  EXPECT_EQ(client.request(request_of("GET", "/"))->status, 404);
  const auto error = client.call("GET", "/").error();
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_EQ(error.message(), "there is no run x");
  EXPECT_EQ(error.hint_text(), "did you mean y");
}

TEST(HttpClient, StreamsAChunkedAnswerAndAClosedOne) {
  PlainServer server([](Peer& peer) {
    const auto head = peer.read_until("\r\n\r\n");
    if (head.starts_with("GET /chunked")) peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n");
    else peer.write("HTTP/1.1 200 OK\r\n\r\nuntil the end");
  });
  auto client = client_of(server.url());
  std::string got;
  auto request = request_of("GET", "/chunked");
  request.sink = [&](std::string_view bytes) {
    got += bytes;
    return true;
  };
  ASSERT_TRUE(client.request(request));
  EXPECT_EQ(got, "hello world");
  EXPECT_EQ(client.request(request_of("GET", "/closed"))->body, "until the end");
}

TEST(HttpClient, ASinkMayEndADownload) {
  PlainServer server([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.write("HTTP/1.1 200 OK\r\n\r\n: event stream\n\n");
    peer.read_until("never");
  });
  auto request = request_of("GET", "/events");
  request.sink = [](std::string_view) { return false; };
  EXPECT_EQ(client_of(server.url()).request(request)->status, 200);
}

TEST(HttpClient, AnErrorBodyDoesNotGoToTheSink) {
  PlainServer server([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.answer(500, "broken");
  });
  auto request = request_of("GET", "/");
  request.sink = [](std::string_view) { return ADD_FAILURE() << "called", false; };
  EXPECT_EQ(client_of(server.url()).request(request)->body, "broken");
}

TEST(HttpClient, SendsAFileAndAReader) {
  testing::TemporaryFolder folder;
  std::string content;
  for (int i = 0; i < 300'000; ++i) content += fmt::format("{} ", i);
  ASSERT_TRUE(write_file_atomically(folder / "f", content));
  std::string got;
  PlainServer server([&](Peer& peer) {
    for (std::string head; !(head = peer.read_until("\r\n\r\n")).empty();) {
      auto body = body_of(peer, head);
      if (head.find("chunked") != std::string::npos) body = peer.read_until("\r\n0\r\n\r\n");
      if (body.empty()) return;  // cut off: another connection may be under way already
      got = std::move(body);
      peer.answer(200, "");
    }
  });
  auto client = client_of(server.url());
  const auto fd = open_file(folder / "f", O_RDONLY);
  auto request = request_of("PUT", "/");
  request.body = HttpBody::file(fd->get(), 10, content.size() - 10);
  ASSERT_TRUE(client.request(request));
  EXPECT_EQ(got, content.substr(10));
  request.body = HttpBody::file(fd->get(), 0, content.size() + 1);
  EXPECT_EQ(client.request(request).error().code(), ErrorCode::kIo);
  request.body = HttpBody::reader([pieces = std::vector<std::string>{"", "def", "abc"}]() mutable -> Result<std::string> {
    auto piece = pieces.back();
    pieces.pop_back();
    return piece;
  });
  ASSERT_TRUE(client.request(request));
  EXPECT_EQ(got, "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
}

TEST(HttpClient, HearsARefusalThatComesBeforeTheBodyIsSent) {
  PlainServer server([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.answer(413, "{}", "Connection: close\r\n");
    peer.read_until("never");  // the body stays in the socket
  });
  auto client = client_of(server.url(), 2s);
  const auto response = client.request(request_of("PUT", "/", std::string(50U << 20, 'x')));
  ASSERT_TRUE(response) << response.error().to_line();
  EXPECT_EQ(response->status, 413);
}

TEST(HttpClient, AnotherThreadInterruptsAWait) {
  std::atomic<bool> waiting = false;
  PlainServer server([&](Peer& peer) {
    peer.read_until("\r\n\r\n");
    waiting = true;
    peer.read_until("never");
  });
  auto client = client_of(server.url());
  std::thread other([&] {
    while (!waiting) std::this_thread::yield();
    client.interrupt();
  });
  EXPECT_EQ(client.request(request_of("GET", "/")).error().code(), ErrorCode::kCanceled);
  other.join();
}

TEST(HttpClient, AnAnswerBeyondTheBoundIsRefused) {
  PlainServer server([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.answer(200, std::string(100'000, 'x'));
  });
  HttpOptions options;
  options.url = server.url();
  options.max_body_bytes = 1000;
  auto client = HttpClient::create(options);
  EXPECT_EQ(client->request(request_of("GET", "/")).error().code(), ErrorCode::kInputTooLarge);
}

TEST(HttpClient, RefusesWhatWouldSmuggleAHeader) {
  auto client = client_of("http://127.0.0.1:1");
  EXPECT_EQ(client.request(request_of("GET", "/a\r\nX: y")).error().code(), ErrorCode::kInvalidInput);
  EXPECT_EQ(client.request(request_of("GET", "/a b")).error().code(), ErrorCode::kInvalidInput);
  auto request = request_of("GET", "/");
  request.headers.emplace_back("X", "a\nb");
  EXPECT_EQ(client.request(request).error().code(), ErrorCode::kInvalidInput);
}

TEST(Url, ReadsHostPortAndPrefix) {
  EXPECT_EQ(parse_url("http://localhost")->port, 80);
  EXPECT_EQ(parse_url("http://[::1]:6100/base/")->authority(), "[::1]:6100");
  EXPECT_EQ(parse_url("http://[::1]:6100/base/")->prefix, "/base");
  EXPECT_EQ(parse_url("https://x").error().code(), ErrorCode::kUnsupported);
  for (const auto* text : {"", "localhost:1", "ftp://x", "http://", "http://:80", "http://x:0", "http://x:65536", "http://x:1a", "http://[::1",
                           "http://a b", "http://u@h", "http://x/?q"}) {
    EXPECT_EQ(parse_url(text).error().code(), ErrorCode::kInvalidInput) << text;
  }
}

TEST(Url, EncodesOnce) {
  EXPECT_EQ(percent_encode("a/b c%"), "a%2Fb%20c%25");
  EXPECT_EQ(percent_encode_path("outputs/a b/\xC3\xBC.txt"), "outputs/a%20b/%C3%BC.txt");
}

}  // namespace
}  // namespace stoker::io
