#include "runs/supervisor_hub.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include <fmt/format.h>

#include "base/digest.hpp"
#include "catalog/events.hpp"
#include "catalog/runs.hpp"
#include "catalog/workspaces.hpp"
#include "protocol/record.hpp"
#include "runs/test_service.hpp"

namespace stoker::runs {
namespace {

/// A supervisor's connection that only remembers what it was sent.
class Recorder final : public SupervisorLink {
 public:
  void send(Frame frame) override {
    if (auto message = protocol::parse_message(frame)) messages.push_back(std::move(*message));
  }
  void close() override { closed = true; }
  std::string peer() const override { return "test"; }
  template <class Message>
  int count() const {
    return static_cast<int>(std::ranges::count_if(messages, [](const auto& message) { return std::holds_alternative<Message>(message); }));
  }
  std::vector<protocol::Message> messages;
  bool closed = false;
};

/// The hub alone with a hand-made supervisor: what a real one would only do by accident.
class HubTest : public RunServiceTest {
 protected:
  /// A run that has its place, with no supervisor connected.
  Run placed_run() {
    start(true, false);
    const auto run = submit("hang");
    return when_in(run.id, RunState::kStarting);
  }
  std::shared_ptr<Recorder> connect(std::optional<protocol::AttemptStatus> current, int version = protocol::kVersion,
                                    const std::string& supervisor = "local-0") {
    auto link = std::make_shared<Recorder>();
    protocol::HelloMessage hello{
        .version = version, .supervisor_id = supervisor, .boot_id = "b", .pid = 1, .start_time = 1, .build = "test", .current = std::move(current)};
    attached_ = wait(service_->hub().attached(link, hello));
    return link;
  }
  Status send(const std::shared_ptr<Recorder>& link, const Run& run, std::vector<protocol::Record> records, int attempt = 1) {
    protocol::RecordsBatch batch{.run = run.id, .attempt = attempt, .bytes = {}};
    for (const auto& record : records) protocol::encode(record, true, batch.bytes);
    return wait(service_->hub().received(link, protocol::to_frame(batch)));
  }
  static protocol::Record record(std::uint64_t seq, protocol::Payload payload) {
    return {.seq = seq, .time = from_micros(static_cast<std::int64_t>(seq)), .payload = std::move(payload)};
  }
  static protocol::Record output(std::uint64_t seq, std::uint64_t offset, const std::string& text) {
    return record(seq, protocol::OutputRecord{
                           .stream = protocol::Stream::kStdout, .offset = offset, .length = static_cast<std::uint32_t>(text.size()), .data = text});
  }
  static std::uint64_t last_ack(const Recorder& link) {
    std::uint64_t seq = 0;
    for (const auto& message : link.messages)
      if (const auto* ack = std::get_if<protocol::AckMessage>(&message)) seq = ack->seq;
    return seq;
  }
  Status attached_;
};

TEST_F(HubTest, AssignmentIsSentWithHelloAndAgainWhenTheSupervisorDoesNotNameIt) {
  const auto run = placed_run();
  const auto link = connect(std::nullopt);
  EXPECT_EQ(link->count<protocol::WelcomeMessage>(), 1);
  EXPECT_EQ(link->count<protocol::StartMessage>(), 1);
  const auto& start = std::get<protocol::StartMessage>(link->messages.back());
  EXPECT_EQ(start.identity_variables.at("AZUREML_RUN_ID"), run.id.text());
  EXPECT_TRUE(start.identity_variables.at("AZUREML_EXPERIMENT_SCOPE").ends_with("/experiments/" + run.spec.experiment));
  EXPECT_EQ(start.run_token, "run-token");
  const auto again = connect(protocol::AttemptStatus{.run = run.id, .attempt = 1});
  EXPECT_TRUE(link->closed) << "a newer connection replaces the older one";
  EXPECT_EQ(again->count<protocol::StartMessage>(), 0);
  EXPECT_EQ(again->count<protocol::AckMessage>(), 1);
}

TEST_F(HubTest, AChildIsToldItsParentAndTheTopOfItsTreeAlsoAfterARestart) {
  const auto top = placed_run();
  InteractiveWish wish;
  wish.spec.kind = RunKind::kInteractive;
  wish.spec.parent = top.id;
  const auto middle = wait(service_->begin_interactive({wish}, std::nullopt))->front();
  auto spec = top.spec;
  spec.parent = middle.id;
  const auto child = submit(spec);
  when_in(child.id, RunState::kStarting);
  const auto variables = [&](const RunId& run) {
    const auto handle = read(run).handle;
    const auto link = connect(std::nullopt, protocol::kVersion, std::string(handle.at("supervisor").as_string()));
    return std::get<protocol::StartMessage>(link->messages.back()).identity_variables;
  };
  const auto expect_family = [&] {
    const auto of_child = variables(child.id), of_top = variables(top.id);
    EXPECT_EQ(of_child.at("AZUREML_ROOT_RUN_ID"), top.id.text());
    EXPECT_EQ(of_child.at("AZUREML_PARENT_RUN_ID"), middle.id.text());
    EXPECT_EQ(of_top.at("AZUREML_ROOT_RUN_ID"), top.id.text());
    EXPECT_FALSE(of_top.contains("AZUREML_PARENT_RUN_ID"));
    EXPECT_GT(std::stoll(of_top.at("AZUREML_RUN_TOKEN_EXPIRY")), 1'790'000'000);
  };
  expect_family();
  stop();
  start(true, false);
  expect_family();
}

TEST_F(HubTest, RecordsSentTwiceCountOnce) {
  const auto run = placed_run();
  const auto link = connect(std::nullopt);
  const std::vector<protocol::Record> records = {record(1, protocol::StateRecord{.state = RunState::kRunning}), output(2, 0, "one\n"),
                                                 record(3, protocol::TagRecord{.key = "k", .value = "v"}),
                                                 record(4, protocol::MetricRecord{.point = {.name = "m", .values = {1.0}}})};
  EXPECT_TRUE(send(link, run, records));
  until([&] { return last_ack(*link) == 4; });
  EXPECT_TRUE(send(link, run, records));
  EXPECT_TRUE(send(link, run, {records[3], output(5, 4, "two\n")}));
  until([&] { return last_ack(*link) == 5; });
  EXPECT_EQ(log_of(run.id), "one\ntwo\n");
  EXPECT_EQ(*metrics_->count(run.id), 1U);
  EXPECT_EQ(read(run.id).tags.at("k"), "v");
}

TEST_F(HubTest, RecordsSentAgainAfterARestartCountOnce) {
  const auto run = placed_run();
  const std::vector<protocol::Record> records = {record(1, protocol::StateRecord{.state = RunState::kRunning}), output(2, 0, "one\n"),
                                                 record(3, protocol::MetricRecord{.point = {.name = "m", .values = {1.0}}}),
                                                 record(4, protocol::PropertyRecord{.key = "p", .value = "1"})};
  auto link = connect(std::nullopt);
  EXPECT_TRUE(send(link, run, records));
  until([&] { return last_ack(*link) == 4; });
  stop();
  start(true, false);
  link = connect(protocol::AttemptStatus{.run = run.id, .attempt = 1, .last_seq = 4, .acked_seq = 0});
  EXPECT_EQ(last_ack(*link), 4U) << "what was stored with the catalog is known";
  EXPECT_TRUE(send(link, run, records));
  EXPECT_TRUE(send(link, run, {output(5, 4, "two\n")}));
  until([&] { return last_ack(*link) == 5; });
  EXPECT_EQ(log_of(run.id), "one\ntwo\n");
  EXPECT_EQ(*metrics_->count(run.id), 1U);
}

TEST_F(HubTest, MissingNumberIsAnError) {
  const auto run = placed_run();
  const auto link = connect(std::nullopt);
  const auto taken = send(link, run, {output(2, 0, "x")});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code(), ErrorCode::kProtocol);
  EXPECT_TRUE(link->closed);
}

TEST_F(HubTest, StaleAttemptIsRefused) {
  const auto run = placed_run();
  auto link = connect(protocol::AttemptStatus{.run = run.id, .attempt = 7, .last_seq = 3});
  EXPECT_EQ(link->count<protocol::RefusedMessage>(), 1);
  EXPECT_EQ(link->count<protocol::StartMessage>(), 1) << "and its own attempt is given to it";
  EXPECT_TRUE(send(link, run, {record(1, protocol::ExitedRecord{.end = {.message = "late"}})}, 7));
  EXPECT_EQ(link->count<protocol::RefusedMessage>(), 2);
  EXPECT_FALSE(read(run.id).end);
  link = connect(protocol::AttemptStatus{.run = RunId("nobody"), .attempt = 1});
  EXPECT_EQ(link->count<protocol::RefusedMessage>(), 1);
}

TEST_F(HubTest, EndedAttemptWhoseReleaseWasLostIsReleasedAgain) {
  const auto run = placed_run();
  auto link = connect(std::nullopt);
  RunEnd end{.reason = EndReason::kExited, .exit_code = 0, .signal = {}, .message = "exited with code 0"};
  EXPECT_TRUE(send(link, run, {record(1, protocol::ExitedRecord{.end = end}), record(2, protocol::FinishedRecord{})}));
  EXPECT_EQ(when_ended(run.id).state, RunState::kCompleted);
  EXPECT_EQ(link->count<protocol::ReleaseMessage>(), 1);
  stop();
  start(true, false);
  link = connect(protocol::AttemptStatus{.run = run.id, .attempt = 1, .last_seq = 2, .acked_seq = 0});
  EXPECT_EQ(last_ack(*link), 2U);
  EXPECT_EQ(link->count<protocol::ReleaseMessage>(), 1);
}

TEST_F(HubTest, UnknownVersionIsRefusedForGood) {
  placed_run();
  const auto link = connect(std::nullopt, 99);
  EXPECT_FALSE(attached_);
  ASSERT_EQ(link->count<protocol::RefusedMessage>(), 1);
  EXPECT_TRUE(std::get<protocol::RefusedMessage>(link->messages.front()).fatal);
}

TEST_F(HubTest, WrongTagBecomesAWarningAndTheJournalGoesOn) {
  const auto run = placed_run();
  const auto link = connect(std::nullopt);
  EXPECT_TRUE(send(
      link, run,
      {record(1, protocol::TagRecord{.key = std::string(5000, 'k'), .value = "v"}), record(2, protocol::PropertyRecord{.key = "p", .value = "1"}),
       record(3, protocol::PropertyRecord{.key = "p", .value = "2"}), record(4, protocol::TagRecord{.key = "good", .value = std::nullopt})}));
  until([&] { return last_ack(*link) == 4; });
  const auto now = read(run.id);
  EXPECT_EQ(now.properties.at("p"), "1");
  EXPECT_TRUE(now.tags.contains("good"));
  const auto events = *wait(catalog_->read([id = run.id](db::Connection& connection) { return catalog::list_events(connection, id); }));
  EXPECT_EQ(std::ranges::count_if(events, [](const auto& event) { return event.kind == "warning"; }), 2);
}

TEST_F(HubTest, StoreThatFailsIsNotAcknowledgedAndNothingIsLost) {
  const auto run = placed_run();
  const auto in_the_way = fmt::format("{}/logs/{}", folder_, sha256(run.id.text()).hex().substr(0, 2));
  std::ofstream(in_the_way) << "a file where the store wants a folder";
  auto link = connect(std::nullopt);
  EXPECT_FALSE(send(link, run, {output(1, 0, "one\n")}));
  EXPECT_TRUE(link->closed);
  EXPECT_EQ(link->count<protocol::AckMessage>(), 0);
  std::filesystem::remove(in_the_way);
  link = connect(protocol::AttemptStatus{.run = run.id, .attempt = 1, .last_seq = 1, .acked_seq = 0});
  EXPECT_EQ(last_ack(*link), 0U);
  EXPECT_TRUE(send(link, run, {output(1, 0, "one\n")}));
  until([&] { return last_ack(*link) == 1; });
  EXPECT_EQ(log_of(run.id), "one\n");
}

TEST_F(HubTest, FollowersSeeOutputBeforeItIsDurable) {
  const auto run = placed_run();
  const auto link = connect(std::nullopt);
  auto topic = feed_.of(run.id);
  const auto seen = topic->version();
  EXPECT_TRUE(send(link, run, {output(1, 0, "live\n")}));
  EXPECT_GT(topic->version(), seen);
  EXPECT_EQ(log_of(run.id), "live\n");
}

}  // namespace
}  // namespace stoker::runs
