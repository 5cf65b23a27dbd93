#include <gtest/gtest.h>

#include <chrono>

#include <fmt/format.h>

#include "api/streams/event_stream.hpp"
#include "api/test_server.hpp"

namespace stoker::api {
namespace {

using namespace std::chrono_literals;

struct Event {
  std::string name, id;
  json::object data;
};

class FollowTest : public ServerTest {
 protected:
  /// Reads events as they come, chunk frames left out.
  class Stream {
   public:
    Stream(std::uint16_t port, const std::string& target, const Headers& headers = {}) : client_(port) {
      client_.send(text_of_request("GET", target, kOwnerToken, "", headers));
      status = client_.receive(true).status;
    }
    /// The next event; the name is empty when the stream is over.
    Event next() {
      for (;;) {
        const auto end = text_.find("\n\n");
        if (end == std::string::npos) {
          if (!more()) return {};
          continue;
        }
        const auto block = text_.substr(0, end);
        text_.erase(0, end + 2);
        auto event = parse(block);
        if (!event.name.empty()) return event;
        if (block.starts_with(":")) ++beats;
      }
    }
    /// Texts of `log` events until the stream ends or the text has `mark` in it.
    std::string log_until(std::string_view mark) {
      std::string log;
      while (log.find(mark) == std::string::npos) {
        last = next();
        if (last.name.empty() || last.name == "end") return log;
        if (last.name == "log") log += last.data.at("text").as_string();
      }
      return log;
    }
    int status = 0;
    int beats = 0;
    Event last;

   private:
    bool more() {
      if (over_) return false;
      auto bytes = client_.receive_until("\r\n");
      if (bytes.empty()) return false;
      raw_ += bytes;
      for (;;) {
        const auto line = raw_.find("\r\n");
        if (line == std::string::npos) return true;
        const auto size = std::strtoul(raw_.c_str(), nullptr, 16);
        if (size == 0) {
          over_ = true;
          return !text_.empty();
        }
        while (raw_.size() < line + 2 + size + 2) {
          bytes = client_.receive_until("\n");
          if (bytes.empty()) return false;
          raw_ += bytes;
        }
        text_ += raw_.substr(line + 2, size);
        raw_.erase(0, line + 2 + size + 2);
      }
    }
    static Event parse(const std::string& block) {
      Event event;
      for (std::size_t at = 0; at < block.size();) {
        const auto end = std::min(block.find('\n', at), block.size());
        const auto line = block.substr(at, end - at);
        at = end + 1;
        if (line.starts_with("event: ")) event.name = line.substr(7);
        if (line.starts_with("id: ")) event.id = line.substr(4);
        if (line.starts_with("data: ")) event.data = parse_json(line.substr(6))->as_object();
      }
      return event;
    }
    RawClient client_;
    std::string raw_, text_;
    bool over_ = false;  // the last chunk came; events before it are still told
  };

  std::string follow_path(const std::string& rest = "") const { return "/api/v1/runs/" + run_ + "/follow" + rest; }
  /// Runs until it is cancelled; `written_` is how much output it has.
  void live_run() {
    run_ = submit("hang");
    wait_for(run_, "Running");
    written_ = *logs_->size(RunId(run_));
  }
  void write(std::string_view bytes, std::uint8_t stream = 1) {
    say(run_, bytes, written_, stream);
    written_ += bytes.size();
  }
  void cancel() { request("POST", "/api/v1/runs/" + run_ + "/cancel", "{}"); }

  std::string run_;
  std::uint64_t written_ = 0;
};

TEST_F(FollowTest, AFinishedRunIsToldWholeAndEnds) {
  start();
  run_ = submit();
  wait_for(run_, "Completed");
  Stream stream(port(), follow_path());
  ASSERT_EQ(stream.status, 200);
  std::map<std::string, int> count;
  std::string log;
  Event last;
  for (auto event = stream.next(); !event.name.empty(); event = stream.next()) {
    ++count[event.name];
    if (event.name == "log") log += event.data.at("text").as_string();
    EXPECT_TRUE(parse_position(event.id)) << event.id;
    last = event;
  }
  EXPECT_EQ(log, "hello from " + run_ + "\n");
  EXPECT_EQ(count["metric"], 1);
  EXPECT_GE(count["state"], 1);
  EXPECT_GE(count["phase"], 1);
  EXPECT_EQ(count["end"], 1);
  EXPECT_EQ(last.name, "end");
  EXPECT_EQ(last.data.at("state").as_string(), "Completed");
}

TEST_F(FollowTest, OutputArrivesWhileTheRunLives) {
  start();
  live_run();
  Stream stream(port(), follow_path());
  for (int i = 0; i < 20; ++i) {
    const auto line = fmt::format("line {}\n", i);
    write(line);
    EXPECT_TRUE(stream.log_until(line).ends_with(line));
  }
  cancel();
  stream.log_until("never");
  EXPECT_EQ(stream.last.name, "end");
  EXPECT_EQ(stream.last.data.at("state").as_string(), "Canceled");
}

TEST_F(FollowTest, StatesAndMetricsArriveAsTheyHappen) {
  start();
  live_run();
  Stream stream(port(), follow_path());
  auto event = stream.next();
  while (event.name != "state") event = stream.next();
  EXPECT_EQ(event.data.at("state").as_string(), "Running");
  log_metric(run_, 1000, "loss", 0.5);
  // The run of the mock target logs points of its own before this one.
  while (event.name != "metric" || event.data.at("step") != json::value(1000)) event = stream.next();
  EXPECT_EQ(event.data.at("name").as_string(), "loss");
  EXPECT_EQ(event.data.at("value").as_double(), 0.5);
  cancel();
  while (event.name != "state") event = stream.next();
  EXPECT_EQ(event.data.at("state").as_string(), "CancelRequested");
}

TEST_F(FollowTest, ALostStreamGoesOnAfterTheLastEvent) {
  start();
  live_run();
  write("one\ntwo\n");
  std::string id;
  {
    Stream stream(port(), follow_path());
    stream.log_until("two\n");
    id = stream.last.id;
  }
  write("three\n");
  Stream again(port(), follow_path(), {{"Last-Event-ID", id}});
  EXPECT_EQ(again.log_until("three\n"), "three\n");
  cancel();
  Event event = again.next();
  std::vector<std::string> states;
  for (; event.name != "end" && !event.name.empty(); event = again.next())
    if (event.name == "state") states.emplace_back(event.data.at("state").as_string());
  EXPECT_EQ(states, (std::vector<std::string>{"CancelRequested", "Canceled"}));
  EXPECT_EQ(request("GET", follow_path(), "", {{"Last-Event-ID", "garbage"}}).status, 400);
}

TEST_F(FollowTest, CharactersAreNotCutAndGarbageIsReplaced) {
  start();
  live_run();
  const std::string text = "grün € 𝄞 \xFF\xFE ende\n";
  Stream stream(port(), follow_path());
  for (const char c : text) write(std::string_view(&c, 1));
  EXPECT_TRUE(stream.log_until("ende\n").ends_with("grün € 𝄞 \xEF\xBF\xBD\xEF\xBF\xBD ende\n"));
}

TEST_F(FollowTest, AHalfCharacterAtTheEndIsToldAtTheEnd) {
  start();
  live_run();
  write("x\xE2\x82");
  Stream stream(port(), follow_path());
  EXPECT_TRUE(stream.log_until("x").ends_with("x"));
  cancel();
  // The mock's own last words may follow; what matters is that nothing is lost.
  const auto rest = stream.log_until("never");
  EXPECT_TRUE(rest.starts_with("\xEF\xBF\xBD")) << rest;
}

TEST_F(FollowTest, OneStreamAlone) {
  start();
  live_run();
  Stream stream(port(), follow_path("?stream=stderr"));
  write("to stdout\n", 1);
  write("to stderr\n", 2);
  EXPECT_EQ(stream.log_until("stderr\n"), "to stderr\n");
}

TEST_F(FollowTest, SilenceIsFilledWithBeats) {
  HttpLimits limits;
  limits.heartbeat = 30ms;
  start(limits);
  live_run();
  RawClient client(port());
  client.send(text_of_request("GET", follow_path(), kOwnerToken));
  EXPECT_NE(client.receive_until(": beat\n\n").find(": beat"), std::string::npos);
}

TEST_F(FollowTest, ALongLineReachesManyFollowers) {
  start();
  live_run();
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 10; ++i) streams.push_back(std::make_unique<Stream>(port(), follow_path()));
  const auto line = std::string(1'000'000, 'x') + "!";
  write(line);
  for (const auto& stream : streams) EXPECT_TRUE(stream->log_until("!").ends_with(line));
}

TEST_F(FollowTest, AFollowerThatDoesNotReadCostsNobodyElse) {
  HttpLimits limits;
  limits.stall = 300ms;
  start(limits);
  live_run();
  Stream deaf(port(), follow_path());
  Stream good(port(), follow_path());
  const std::string block(1 << 20, 'x');
  for (int i = 0; i < 16; ++i) write(block);
  write("done\n");
  EXPECT_TRUE(good.log_until("done\n").ends_with("done\n"));
  EXPECT_EQ(request("GET", "/healthz").status, 200);
}

TEST_F(FollowTest, StoppingTheServerEndsTheStreams) {
  start();
  live_run();
  Stream stream(port(), follow_path());
  stream.next();
  const auto began = std::chrono::steady_clock::now();
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 3s);
  while (!stream.next().name.empty()) {
  }
}

}  // namespace
}  // namespace stoker::api
