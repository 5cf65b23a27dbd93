#include "runs/run_service.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "base/digest.hpp"
#include "catalog/events.hpp"
#include "catalog/runs.hpp"
#include "catalog/workspaces.hpp"
#include "protocol/record.hpp"
#include "runs/in_process_link.hpp"
#include "targets/mock/mock.hpp"

namespace stoker::runs {
namespace {

using namespace std::chrono_literals;

/// The target outlives the service, as machines outlive servers.
class Borrowed final : public targets::Target {
 public:
  explicit Borrowed(targets::MockTarget& mock) : mock_(mock) {}
  std::string_view kind() const override { return mock_.kind(); }
  json::object schema() const override { return mock_.schema(); }
  targets::Capabilities capabilities() const override { return mock_.capabilities(); }
  targets::Capacity capacity() const override { return mock_.capacity(); }
  io::Task<Status> probe() override { return mock_.probe(); }
  io::Task<Result<targets::Handle>> submit(targets::Plan plan) override { return mock_.submit(std::move(plan)); }
  io::Task<Result<std::vector<targets::Observation>>> observe(std::vector<targets::Handle> handles) override {
    return mock_.observe(std::move(handles));
  }
  io::Task<Status> cancel(targets::Handle handle, std::chrono::seconds grace) override { return mock_.cancel(std::move(handle), grace); }
  io::Task<Result<targets::Handle>> recover(targets::Handle handle) override { return mock_.recover(std::move(handle)); }
  io::Task<Status> release(targets::Handle handle) override { return mock_.release(std::move(handle)); }

 private:
  targets::MockTarget& mock_;
};

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

class RunServiceTest : public testing::Test {
 protected:
  using Run = stoker::Run;  // not GoogleTest's

  RunServiceTest() {
    char pattern[] = "/tmp/stoker-runs-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    std::filesystem::create_directory(folder_ + "/logs");
    db::Settings settings;
    settings.url = folder_ + "/catalog.sqlite";
    catalog_ = *catalog::Catalog::open(settings, loop_, pool_);
    logs_ = *logs::LogStore::open(folder_ + "/logs");
    metrics_ = *metrics::MetricStore::open(folder_ + "/metrics");
    targets::Context context{.loop = loop_, .pool = pool_, .name = "local", .directory = folder_, .settings = {}};
    context.wire = &world_;
    mock_ = std::make_unique<targets::MockTarget>(std::move(context), targets::MockTarget::Settings{});
  }
  ~RunServiceTest() override {
    stop();
    mock_.reset();
    loop_.restart();
    loop_.poll();
    catalog_.reset();
    std::filesystem::remove_all(folder_);
  }

  void start(bool personal = true, bool connected = true) {
    std::map<std::string, std::unique_ptr<targets::Target>> targets;
    targets.emplace("local", std::make_unique<Borrowed>(*mock_));
    service_ = std::make_unique<RunService>(
        Parts{.loop = loop_,
              .pool = pool_,
              .clock = clock_,
              .random = random_,
              .catalog = *catalog_,
              .logs = *logs_,
              .metrics = *metrics_,
              .feed = feed_,
              .targets = std::move(targets),
              .snapshot_exists = [](SnapshotId snapshot) -> io::Task<Result<bool>> { co_return snapshot.text().starts_with("a"); },
              .run_token = [](const RunId&, int) { return std::string("run-token"); },
              .server_url = [] { return std::string("http://127.0.0.1:1"); },
              .server_instance = "test",
              .personal = personal});
    ASSERT_TRUE(wait(service_->start()));
    if (connected) world_.set_hub(&service_->hub());
  }
  /// The server goes; runs and supervisors stay.
  void stop() {
    if (!service_) return;
    wait(world_.stop());
    wait(service_->stop());
    service_.reset();
  }

  template <class T>
  T wait(io::Task<T> task) {
    std::exception_ptr failure;
    bool done = false;
    if constexpr (std::is_void_v<T>) {
      io::asio::co_spawn(loop_, std::move(task), [&](std::exception_ptr thrown) { failure = thrown, done = true; });
      run_until(done);
      if (failure) std::rethrow_exception(failure);
    } else {
      std::optional<T> value;
      io::asio::co_spawn(loop_, std::move(task),
                         [&](std::exception_ptr thrown, T result) { failure = thrown, value.emplace(std::move(result)), done = true; });
      run_until(done);
      if (failure) std::rethrow_exception(failure);
      return std::move(*value);
    }
  }
  void run_until(const bool& done) {
    loop_.restart();
    const auto limit = std::chrono::steady_clock::now() + 60s;
    while (!done && std::chrono::steady_clock::now() < limit) loop_.run_one_for(1s);
    ASSERT_TRUE(done) << "nothing happened for too long";
  }

  Run read(const RunId& id) {
    return *wait(catalog_->read([id](db::Connection& connection) { return catalog::find_run(connection, id); }));
  }
  /// The run once `wanted` says yes to it.
  template <class Wanted>
  Run when(const RunId& id, Wanted wanted) {
    auto topic = feed_.of(id);
    const auto limit = std::chrono::steady_clock::now() + 30s;
    while (true) {
      const auto seen = topic->version();
      auto run = read(id);
      if (wanted(run)) return run;
      if (std::chrono::steady_clock::now() > limit) {
        ADD_FAILURE() << "still " << to_text(run.state);
        return run;
      }
      wait(topic->changed(seen, io::in(1s)));
    }
  }
  Run when_ended(const RunId& id) {
    return when(id, [](const Run& run) { return is_terminal(run.state); });
  }
  Run when_in(const RunId& id, RunState state) {
    return when(id, [state](const Run& run) { return run.state == state; });
  }
  template <class Done>
  void until(Done done) {
    const auto limit = std::chrono::steady_clock::now() + 30s;
    while (!done() && std::chrono::steady_clock::now() < limit) wait(io::sleep_for(1ms));
    EXPECT_TRUE(done());
  }

  static RunSpec spec(std::string play = "success") {
    RunSpec spec;
    spec.argv = {"/bin/true"};
    spec.environment_variables["STOKER_MOCK"] = std::move(play);
    spec.grace_seconds = 2;
    return spec;
  }
  Run submit(RunSpec spec) { return *wait(service_->submit(std::move(spec), std::nullopt)); }
  Run submit(std::string play = "success") { return submit(spec(std::move(play))); }
  std::string log_of(const RunId& id) { return *logs_->read(id, 0, 1U << 20); }

  io::Loop loop_;
  io::Pool pool_{2};
  std::string folder_;
  ManualClock clock_;
  SystemRandom random_;
  RunFeed feed_{loop_};
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<logs::LogStore> logs_;
  std::unique_ptr<metrics::MetricStore> metrics_;
  InProcessWorld world_{loop_};
  std::unique_ptr<targets::MockTarget> mock_;
  std::unique_ptr<RunService> service_;
};

TEST_F(RunServiceTest, SubmittedRunCompletesWithEverythingItSaid) {
  start();
  const auto submitted = submit();
  EXPECT_EQ(submitted.state, RunState::kNotStarted);
  EXPECT_EQ(submitted.number, 1);
  const auto run = when_ended(submitted.id);
  EXPECT_EQ(run.state, RunState::kCompleted);
  EXPECT_EQ(run.attempt, 1);
  EXPECT_EQ(log_of(run.id), "hello from " + run.id.text() + "\n");
  EXPECT_EQ(*metrics_->count(run.id), 1U);
  std::vector<std::string> phases;
  for (const auto& phase : run.phases) phases.push_back(phase.name);
  EXPECT_EQ(phases, (std::vector<std::string>{"queue", "snapshot", "run"}));
  until([&] { return mock_->released() == 1; });
  EXPECT_EQ(service_->counts().running, 0);
  EXPECT_EQ(service_->counts().cpus_used, 0);
}

TEST_F(RunServiceTest, FailureKeepsItsError) {
  start();
  const auto run = when_ended(submit("failure").id);
  EXPECT_EQ(run.state, RunState::kFailed);
  EXPECT_EQ(run.end->exit_code, 1);
  EXPECT_EQ(run.error->type, "ValueError");
}

TEST_F(RunServiceTest, EventsTellTheStoryInOrder) {
  start();
  const auto run = when_ended(submit().id);
  const auto events = *wait(catalog_->read([id = run.id](db::Connection& connection) { return catalog::list_events(connection, id); }));
  std::vector<std::string> story;
  for (const auto& event : events)
    if (event.kind == "state") story.emplace_back(event.data.at("to").as_string());
  EXPECT_EQ(story, (std::vector<std::string>{"NotStarted", "Starting", "Preparing", "Running", "Finalizing", "Completed"}));
}

TEST_F(RunServiceTest, HundredRunsGoTwoAtATimeInOrder) {
  start();
  std::vector<RunId> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(submit().id);
  for (const auto& id : ids) EXPECT_EQ(when_ended(id).state, RunState::kCompleted);
  ASSERT_EQ(mock_->plans().size(), 100U);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(mock_->plans()[i].run, ids[i]);
    EXPECT_LT(mock_->plans()[i].slot, 2);
  }
  EXPECT_EQ(mock_->begun(), 100);
}

TEST_F(RunServiceTest, CancelOfAWaitingRunEndsItAtOnce) {
  start();
  const auto first = submit("hang"), second = submit("hang"), third = submit();
  when_in(second.id, RunState::kRunning);
  const auto canceled = *wait(service_->cancel(third.id, "ana"));
  EXPECT_EQ(canceled.state, RunState::kCanceled);
  EXPECT_EQ(canceled.end->message, "canceled by ana before it started");
  EXPECT_EQ(service_->counts().queued, 0);
  EXPECT_EQ(service_->counts().running, 2);
}

TEST_F(RunServiceTest, CancelOfARunningRunReachesItsSupervisor) {
  start();
  const auto run = submit("hang");
  when_in(run.id, RunState::kRunning);
  EXPECT_EQ(wait(service_->cancel(run.id, "ana"))->state, RunState::kCancelRequested);
  const auto ended = when_ended(run.id);
  EXPECT_EQ(ended.state, RunState::kCanceled);
  EXPECT_EQ(ended.end->message, "canceled by ana");
}

TEST_F(RunServiceTest, SecondCancelChangesNothing) {
  start();
  const auto run = submit("deaf");
  when_in(run.id, RunState::kRunning);
  EXPECT_TRUE(wait(service_->cancel(run.id, "ana")));
  EXPECT_EQ(wait(service_->cancel(run.id, "bob"))->cancel_by, "ana");
  const auto waiting = submit();
  when_ended(waiting.id);
  const auto late = wait(service_->cancel(waiting.id, "ana"));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), ErrorCode::kWrongState);
  EXPECT_EQ(wait(service_->cancel(RunId("nobody"), "ana")).error().code(), ErrorCode::kNotFound);
}

TEST_F(RunServiceTest, SupervisorThatIgnoresACancelIsEndedByForce) {
  start();
  const auto run = submit("deaf");
  when_in(run.id, RunState::kRunning);
  EXPECT_TRUE(wait(service_->cancel(run.id, "ana")));
  clock_.advance(13s);
  const auto ended = when_ended(run.id);
  EXPECT_EQ(ended.state, RunState::kCanceled);
  EXPECT_EQ(ended.end->reason, EndReason::kLost);
}

TEST_F(RunServiceTest, SupervisorThatDiesIsReplacedAndTellsTheEndOnce) {
  start();
  const auto run = when_ended(submit("lost").id);
  EXPECT_EQ(run.state, RunState::kFailed);
  EXPECT_EQ(run.end->reason, EndReason::kLost);
  EXPECT_EQ(log_of(run.id), "hello from " + run.id.text() + "\n");
  EXPECT_EQ(*metrics_->count(run.id), 1U);
  EXPECT_EQ(when_ended(submit().id).state, RunState::kCompleted) << "the slot serves again";
}

TEST_F(RunServiceTest, PlaceThatVanishedEndsTheRunAsLost) {
  start();
  const auto run = submit("hang");
  when_in(run.id, RunState::kRunning);
  mock_->forget(0);
  const auto ended = when_ended(run.id);
  EXPECT_EQ(ended.state, RunState::kFailed);
  EXPECT_EQ(ended.end->reason, EndReason::kLost);
  EXPECT_EQ(ended.end->message, "there is no such mock supervisor");
}

TEST_F(RunServiceTest, SilentSupervisorIsNotRespondingUntilItIsBack) {
  start();
  const auto run = submit("silent");
  until([&] { return mock_->begun() == 1; });
  when_in(run.id, RunState::kStarting);
  clock_.advance(31s);
  when_in(run.id, RunState::kNotResponding);
  mock_->connect(0);
  when(run.id, [](const Run& now) { return now.state != RunState::kNotResponding; });
}

TEST_F(RunServiceTest, RestartOfTheServerGoesOnWithEverything) {
  start();
  const auto running = submit("hang"), also_running = submit("hang"), waiting = submit();
  when_in(also_running.id, RunState::kRunning);
  when_in(running.id, RunState::kRunning);
  stop();
  start();
  EXPECT_EQ(service_->counts().running, 2);
  EXPECT_EQ(service_->counts().queued, 1);
  EXPECT_EQ(service_->counts().cpus_used, 2);
  EXPECT_TRUE(wait(service_->cancel(running.id, "ana")));
  EXPECT_EQ(when_ended(running.id).state, RunState::kCanceled);
  EXPECT_EQ(when_ended(waiting.id).state, RunState::kCompleted);
  EXPECT_EQ(read(also_running.id).state, RunState::kRunning);
  EXPECT_EQ(mock_->begun(), 3) << "nothing was started twice";
}

TEST_F(RunServiceTest, RunThatEndedWhileTheServerWasAwayIsFoundWithItsEnd) {
  start();
  const auto run = submit("slow");
  until([&] { return mock_->begun() == 1; });
  stop();
  wait(io::sleep_for(60ms));  // its program begins and ends meanwhile (delay_ms)
  start();
  EXPECT_EQ(when_ended(run.id).state, RunState::kCompleted);
  EXPECT_EQ(log_of(run.id), "hello from " + run.id.text() + "\n");
}

TEST_F(RunServiceTest, CrashBetweenStoringThePlaceAndTheStartSendsTheStartAgain) {
  start(true, false);  // supervisors do not reach the server
  const auto run = submit();
  when_in(run.id, RunState::kStarting);
  EXPECT_EQ(mock_->begun(), 0);
  stop();
  start();
  EXPECT_EQ(when_ended(run.id).state, RunState::kCompleted);
  EXPECT_EQ(mock_->begun(), 1);
}

TEST_F(RunServiceTest, TargetThatCannotForNowIsAskedAgain) {
  targets::Context context{.loop = loop_, .pool = pool_, .name = "local", .directory = folder_, .settings = {}};
  context.wire = &world_;
  mock_ = std::make_unique<targets::MockTarget>(std::move(context), targets::MockTarget::Settings{.refuse = 1});
  start();
  const auto run = submit();
  until([&] { return wait(service_->explain(run.id))->reasons.front().starts_with("the target \"local\" could not start it"); });
  clock_.advance(2s);
  EXPECT_EQ(when_ended(run.id).state, RunState::kCompleted);
}

TEST_F(RunServiceTest, ExplainSaysWhoIsAhead) {
  start();
  const auto first = submit("hang"), second = submit("hang");
  submit();
  const auto last = submit();
  when_in(first.id, RunState::kRunning);
  when_in(second.id, RunState::kRunning);
  const auto answer = *wait(service_->explain(last.id));
  EXPECT_EQ(answer.ahead, 1);
  EXPECT_EQ(answer.reasons.at(0), "waits for its turn on the target \"local\": 1 run is ahead");
  EXPECT_TRUE(answer.reasons.at(1).starts_with("the first in the line waits for 1 CPU slot: 2 of 2 are used by default_"));
}

TEST_F(RunServiceTest, AllMistakesAreToldAtOnce) {
  start(false);
  auto wrong = spec();
  wrong.argv.clear();
  wrong.script = "train.py";
  wrong.environment.kind = "user-manged";
  wrong.resources = {.cpus = 9, .gpus = 1};
  wrong.snapshot = SnapshotId(std::string(64, 'b'));
  wrong.parent = RunId("nobody");
  wrong.workspace.name = "elsewhere";
  const auto refused = wait(service_->submit(wrong, std::nullopt));
  ASSERT_FALSE(refused);
  const auto error = refused.error();
  EXPECT_EQ(error.code(), ErrorCode::kInvalidInput);
  std::vector<std::string> paths;
  for (const auto& mistake : error.mistake_list()) paths.push_back(mistake.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"resources.cpus", "resources.gpus", "environment", "snapshot", "workspace", "parent"}));
}

TEST_F(RunServiceTest, SharedServerNamesTheCommandThatWouldCreateTheWorkspace) {
  start(false);
  const auto refused = wait(service_->submit(spec(), std::nullopt));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(refused.error().message().find("workspace"), std::string::npos);
}

TEST_F(RunServiceTest, RequestLargerThanTheTargetIsRejected) {
  start();
  auto large = spec();
  large.resources.cpus = 3;
  EXPECT_EQ(wait(service_->submit(large, std::nullopt)).error().code(), ErrorCode::kTargetRejected);
  large.target = "locl";
  large.resources.cpus = 1;
  const auto refused = wait(service_->submit(large, std::nullopt));
  EXPECT_EQ(refused.error().mistake_list().front().message, "there is no target \"locl\"; did you mean \"local\"?");
}

TEST_F(RunServiceTest, SameKeyIsTheSameRun) {
  start();
  const auto first = *wait(service_->submit(spec(), "key"));
  const auto again = *wait(service_->submit(spec(), "key"));
  EXPECT_EQ(first.id, again.id);
  EXPECT_EQ(wait(service_->submit(spec("failure"), "key")).error().code(), ErrorCode::kConflict);
  when_ended(first.id);
  EXPECT_EQ(mock_->begun(), 1);
}

TEST_F(RunServiceTest, BatchIsAllOrNone) {
  start();
  auto large = spec();
  large.resources.cpus = 3;
  const auto refused = wait(service_->submit_batch({spec(), large}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().mistake_list().front().path, "runs[1].resources.cpus");
  EXPECT_EQ(service_->counts().queued + service_->counts().running, 0);
  const auto runs = *wait(service_->submit_batch({spec(), spec(), spec()}));
  for (const auto& run : runs) EXPECT_EQ(when_ended(run.id).state, RunState::kCompleted);
}

/// The hub alone with a hand-made supervisor: what a real one would only do by accident.
class HubTest : public RunServiceTest {
 protected:
  /// A run that has its place, with no supervisor connected.
  Run placed_run() {
    start(true, false);
    const auto run = submit("hang");
    return when_in(run.id, RunState::kStarting);
  }
  std::shared_ptr<Recorder> connect(std::optional<protocol::AttemptStatus> current, int version = protocol::kVersion) {
    auto link = std::make_shared<Recorder>();
    protocol::HelloMessage hello{
        .version = version, .supervisor_id = "local-0", .boot_id = "b", .pid = 1, .start_time = 1, .build = "test", .current = std::move(current)};
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
  EXPECT_EQ(start.run_token, "run-token");
  const auto again = connect(protocol::AttemptStatus{.run = run.id, .attempt = 1});
  EXPECT_TRUE(link->closed) << "a newer connection replaces the older one";
  EXPECT_EQ(again->count<protocol::StartMessage>(), 0);
  EXPECT_EQ(again->count<protocol::AckMessage>(), 1);
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
