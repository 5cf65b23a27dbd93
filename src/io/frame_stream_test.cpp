#include "io/frame_stream.hpp"

#include <gtest/gtest.h>

#include <future>

#include "base/json.hpp"
#include "io/testing.hpp"

namespace stoker::io {
namespace {

using namespace std::chrono_literals;
using testing::Peer;
using testing::PlainServer;

/// Runs a coroutine to its end on a loop of its own.
template <class Fn>
void run(Fn fn) {
  Loop loop;
  std::exception_ptr failure;
  bool ended = false;
  asio::co_spawn(loop, fn(loop), [&](std::exception_ptr thrown) {
    failure = thrown;
    ended = true;
  });
  loop.run_for(20s);
  if (failure) std::rethrow_exception(failure);
  EXPECT_TRUE(ended) << "did not end in time";
}

UpgradeRequest request_to(const PlainServer& server) { return {server.url(), "token", "/connect", "frames/1"}; }

std::string encoded(FrameKind kind, std::string payload) {
  std::string bytes;
  encode_frame({kind, std::move(payload)}, bytes);
  return bytes;
}

constexpr auto kSwitch = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: frames/1\r\n\r\n";

TEST(FrameParser, CutsFramesFromAnyPieces) {
  std::string bytes = encoded(FrameKind::kControl, "{}") + encoded(FrameKind::kRecords, "") + encoded(FrameKind::kRecords, std::string(100'000, 'x'));
  FrameParser parser;
  std::vector<Frame> frames;
  for (const char byte : bytes) {
    parser.feed(std::string_view(&byte, 1));
    while (auto frame = *parser.next()) frames.push_back(std::move(*frame));
  }
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(frames[0], (Frame{FrameKind::kControl, "{}"}));
  EXPECT_EQ(frames[1].payload, "");
  EXPECT_EQ(frames[2].payload.size(), 100'000U);
}

TEST(FrameParser, RefusesUnknownKindsAndHugeLengths) {
  FrameParser unknown;
  unknown.feed(std::string("\0\0\0\0\7", 5));
  EXPECT_EQ(unknown.next().error().code(), ErrorCode::kProtocol);
  FrameParser huge;
  huge.feed("\xff\xff\xff\xff\x01");
  EXPECT_EQ(huge.next().error().code(), ErrorCode::kProtocol);
}

TEST(FrameStream, UpgradesAndKeepsFramesThatCameWithTheAnswer) {
  std::string head;
  PlainServer server([&](Peer& peer) {
    head = peer.read_until("\r\n\r\n");
    peer.write(kSwitch + encoded(FrameKind::kControl, "first"));
    peer.write(encoded(FrameKind::kControl, "second"));
    peer.read_until("never");
  });
  run([&](Loop& loop) -> Task<void> {
    auto stream = co_await connect_upgrade(loop, request_to(server), in(5s));
    EXPECT_TRUE(stream);
    const auto first = co_await stream->receive();
    const auto second = co_await stream->receive();
    EXPECT_EQ(first->payload, "first");
    EXPECT_EQ(second->payload, "second");
  });
  EXPECT_NE(head.find("Upgrade: frames/1\r\n"), std::string::npos);
  EXPECT_NE(head.find("Authorization: Bearer token\r\n"), std::string::npos);
}

TEST(FrameStream, SendsInOrderAndNoticesTheEnd) {
  std::promise<std::string> got;
  PlainServer server([&](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.write(kSwitch);
    got.set_value(peer.read_exactly(3 * 5 + 5 + 6 + 1'000'000));
  });
  run([&](Loop& loop) -> Task<void> {
    auto stream = co_await connect_upgrade(loop, request_to(server), in(5s));
    EXPECT_TRUE(stream->post({FrameKind::kControl, "first"}));
    EXPECT_TRUE(stream->post({FrameKind::kControl, "second"}));
    Frame large{FrameKind::kRecords, std::string(1'000'000, 'x')};
    const auto sent = co_await stream->send(std::move(large));
    EXPECT_TRUE(sent);
    const auto end = co_await stream->receive();
    EXPECT_EQ(end.error().code(), ErrorCode::kServerUnreachable);
    EXPECT_FALSE(stream->is_open());
    EXPECT_FALSE(stream->post({FrameKind::kControl, "late"}));
  });
  EXPECT_EQ(got.get_future().get(), encoded(FrameKind::kControl, "first") + encoded(FrameKind::kControl, "second") +
                                        encoded(FrameKind::kRecords, std::string(1'000'000, 'x')));
}

TEST(FrameStream, ASendThatIsCutOffFails) {
  PlainServer server([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.write(kSwitch);
  });
  run([&](Loop& loop) -> Task<void> {
    auto stream = co_await connect_upgrade(loop, request_to(server), in(5s));
    Status sent = ok();
    for (int i = 0; i < 100 && sent; ++i) {
      Frame large{FrameKind::kRecords, std::string(1'000'000, 'x')};
      sent = co_await stream->send(std::move(large));
    }
    EXPECT_EQ(sent.error().code(), ErrorCode::kServerUnreachable);
  });
}

TEST(FrameStream, AReaderThatIsCancelledLosesNothing) {
  PlainServer server([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.write(kSwitch);
    const auto whole = encoded(FrameKind::kControl, "whole");
    peer.write(whole.substr(0, 7));
    peer.read_exactly(5);  // the client has given up once
    peer.write(whole.substr(7));
    peer.read_until("never");
  });
  run([&](Loop& loop) -> Task<void> {
    auto stream = co_await connect_upgrade(loop, request_to(server), in(5s));
    auto reading = stream->receive();
    const auto early = co_await with_deadline("a frame", std::move(reading), in(50ms));
    EXPECT_EQ(early.error().code(), ErrorCode::kTimeout);
    stream->post({FrameKind::kControl, ""});
    const auto frame = co_await stream->receive();
    EXPECT_EQ(frame->payload, "whole");
  });
}

TEST(Upgrade, TellsWhatTheServerSaid) {
  PlainServer server([](Peer& peer) {
    peer.read_until("\r\n\r\n");
    peer.answer(401, json::serialize(to_json(Error(ErrorCode::kUnauthenticated, "who are you"))));
  });
  run([&](Loop& loop) -> Task<void> {
    const auto stream = co_await connect_upgrade(loop, request_to(server), in(5s));
    EXPECT_EQ(stream.error().code(), ErrorCode::kUnauthenticated);
    EXPECT_EQ(stream.error().message(), "who are you");
  });
}

TEST(Upgrade, NobodyThereAndSilenceAndGarbage) {
  std::string url;
  {
    PlainServer server([](Peer&) {});
    url = server.url();
  }
  PlainServer silent([](Peer& peer) { peer.read_until("never"); });
  PlainServer garbage([](Peer& peer) { peer.write("220 mail ready\r\n\r\n"); });
  run([&](Loop& loop) -> Task<void> {
    UpgradeRequest to_nobody{url, "t", "/", "frames/1"};
    const auto nobody = co_await connect_upgrade(loop, std::move(to_nobody), in(5s));
    EXPECT_EQ(nobody.error().code(), ErrorCode::kServerUnreachable);
    const auto timeout = co_await connect_upgrade(loop, request_to(silent), in(50ms));
    EXPECT_EQ(timeout.error().code(), ErrorCode::kTimeout);
    const auto strange = co_await connect_upgrade(loop, request_to(garbage), in(5s));
    EXPECT_EQ(strange.error().code(), ErrorCode::kProtocol);
  });
}

}  // namespace
}  // namespace stoker::io
