#include "client/follow.hpp"

#include "client/records.hpp"
#include "client/test_home.hpp"

namespace stoker::client {
namespace {

std::vector<SseEvent> parse(std::initializer_list<std::string_view> lines) {
  SseParser parser;
  std::vector<SseEvent> events;
  for (const auto line : lines) {
    if (auto event = parser.line(line)) events.push_back(std::move(*event));
  }
  return events;
}

TEST(SseParser, GivesAnEventAtTheBlankLine) {
  const auto events = parse({"id: 7", "event: log", "data: {}", "", "data", ""});
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].id, "7");
  EXPECT_EQ(events[0].name, "log");
  EXPECT_EQ(events[0].data, "{}");
  EXPECT_EQ(events[1].name, "message");
}

TEST(SseParser, JoinsLinesOfDataAndSkipsCommentsAndUnknownFields) {
  const auto events = parse({": beat", "", "retry: 10", "data: a", "data:b", ""});
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].data, "a\nb");
}

TEST(SseParser, FieldsWithoutDataMakeNoEvent) { EXPECT_TRUE(parse({"event: log", "id: 3", ""}).empty()); }

struct Recorder final : FollowSink {
  std::string log, states, metrics;
  int lost = 0, found = 0;
  void on_log(std::string_view text) override { log += text; }
  void on_state(std::string_view state, const json::object*) override { states += state; }
  void on_metric(std::string_view name, const json::value& value, std::optional<std::int64_t> step) override {
    metrics += fmt::format("{}={}@{}", name, shown(value), step.value_or(-1));
  }
  void on_connection(bool is_there) override { ++(is_there ? found : lost); }
};

class FollowTest : public TestHome {
 protected:
  void SetUp() override {
    if (!has_python()) GTEST_SKIP() << "needs python3";
  }
};

TEST_F(FollowTest, TakesACutStreamUpAgainWithoutLossOrRepetition) {
  auto endpoint = connect(variables_, fake_server());
  ASSERT_TRUE(endpoint) << endpoint.error().to_terminal();
  Client client(*endpoint, [this] { return connect(variables_, fake_server()); });
  Recorder recorder;
  const auto end = follow(client, RunId("r1"), recorder);
  ASSERT_TRUE(end) << end.error().to_terminal();
  EXPECT_EQ(run_state(*end), RunState::kCompleted);
  EXPECT_EQ(recorder.log, "one\ntwo\n");
  EXPECT_EQ(recorder.states, "Running");
  EXPECT_EQ(recorder.metrics, "loss=0.5@7");
  EXPECT_EQ(recorder.lost, 1);
  EXPECT_EQ(recorder.found, 1);
}

TEST_F(FollowTest, AnswersOfTheServerEndItAtOnce) {
  auto endpoint = connect(variables_, fake_server());
  ASSERT_TRUE(endpoint);
  Client client(*endpoint);
  Recorder recorder;
  FollowOptions options;
  options.stream = "stderr";  // the fake knows the plain address only
  EXPECT_EQ(follow(client, RunId("r1"), recorder, options).error().code(), ErrorCode::kNotFound);
}

TEST_F(FollowTest, GivesUpWhenNoServerComesBack) {
  Client client({.url = "http://127.0.0.1:1", .token = "t"});
  Recorder recorder;
  FollowOptions options;
  options.patience = std::chrono::milliseconds(0);
  const auto end = follow(client, RunId("r1"), recorder, options);
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().code(), ErrorCode::kServerUnreachable);
  EXPECT_NE(end.error().hint_text().find("stoker run logs -f r1"), std::string::npos);
}

}  // namespace
}  // namespace stoker::client
