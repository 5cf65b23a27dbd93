#include "protocol/messages.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

#include "io/file.hpp"
#include "protocol/record.hpp"

namespace stoker::protocol {
namespace {

StartMessage a_start() {
  StartMessage start;
  start.run = RunId("ridge_1700000000_0a1b2c3d");
  start.attempt = 2;
  start.spec.experiment = "ridge";
  start.spec.script = "train.py";
  start.spec.arguments = {"--alpha", "0.5", "\xC3\xBC"};
  start.spec.environment_variables = {{"A", "1"}};
  start.spec.tags = {{"k", std::nullopt}};
  start.gpu_indices = {0, 3};
  start.host_gpus = 4;
  start.run_token = "srt1.x.2.y";
  start.server_url = "http://127.0.0.1:6100";
  start.identity_variables = {{"AZUREML_RUN_ID", "ridge_1700000000_0a1b2c3d"}};
  return start;
}

StartMessage a_start_with_data() {
  auto start = a_start();
  start.spec.data = {{.role = DataRole::kInput, .name = "images", .mode = DataMode::kMount, .dataset = "d-1"}};
  start.data = {
      {.binding = start.spec.data.front(), .sources = {{"workspaceblobstore", "/data/blob", "a/*.png"}, {"workspaceblobstore", "/data/blob", "b"}}}};
  return start;
}

HelloMessage a_hello() {
  HelloMessage hello;
  hello.supervisor_id = "local-3";
  hello.boot_id = "b0075e55-0000-4000-8000-000000000000";
  hello.pid = 4711;
  hello.start_time = 123456;
  hello.build = "0.1.0";
  hello.current = AttemptStatus{RunId("ridge_1700000000_0a1b2c3d"), 2, 9000, 8000};
  return hello;
}

std::vector<std::pair<std::string, Message>> all_messages() {
  const RunId run("ridge_1700000000_0a1b2c3d");
  auto idle_hello = a_hello();
  idle_hello.current.reset();
  return {{"start", a_start()},
          {"start_data", a_start_with_data()},
          {"hello", a_hello()},
          {"hello_idle", idle_hello},
          {"welcome", WelcomeMessage{kVersion, "11111111-2222-4333-8444-555555555555"}},
          {"ack", AckMessage{run, 2, 9'000'000'000}},
          {"cancel", CancelMessage{run, 2, 30, "ada@host"}},
          {"release", ReleaseMessage{run, 2}},
          {"idle", IdleMessage{}},
          {"quit", QuitMessage{}},
          {"refused", RefusedMessage{"the attempt is over", false, run, 1}},
          {"refused_supervisor", RefusedMessage{"version 9 is unknown", true, RunId(), 0}}};
}

std::string golden_path(const std::string& name, int version) {
  return fmt::format("{}/src/protocol/testdata/v{}/{}.json", STOKER_SOURCE_DIR, version, name);
}

bool is_accepting() { return std::getenv("STOKER_ACCEPT") != nullptr; }

TEST(Messages, EncodeAsTheGoldenFilesOfThisVersionSay) {
  for (const auto& [name, message] : all_messages()) {
    const auto text = json::serialize(to_json(message)) + "\n";
    if (is_accepting()) {
      ASSERT_TRUE(io::make_directories(fmt::format("{}/src/protocol/testdata/v{}", STOKER_SOURCE_DIR, kVersion), 0755));
      ASSERT_TRUE(io::write_file_atomically(golden_path(name, kVersion), text, 0644));
      continue;
    }
    const auto golden = io::read_file(golden_path(name, kVersion));
    ASSERT_TRUE(golden) << name << ": run the test with STOKER_ACCEPT=1 and look at the difference";
    EXPECT_EQ(*golden, text) << name;
  }
  if (is_accepting()) GTEST_SKIP() << "golden files were rewritten";
}

// A supervisor of version 2 does not know data, and reads every other start.
TEST(Messages, AStartWithoutDataIsWhatTheVersionBeforeReads) {
  EXPECT_EQ(io::read_file(golden_path("start", 2)).value(), json::serialize(to_json(Message(a_start()))) + "\n");
}

// Every version that is still spoken: its files never change, and today's code reads them all.
TEST(Messages, GoldenFilesOfEveryVersionStillSpokenCanBeRead) {
  for (int version = kOldestVersion; version <= kVersion; ++version) {
    const auto names = io::list_directory(fmt::format("{}/src/protocol/testdata/v{}", STOKER_SOURCE_DIR, version));
    ASSERT_TRUE(names);
    ASSERT_FALSE(names->empty());
    for (const auto& name : *names) {
      const auto text = io::read_file(golden_path(name.substr(0, name.size() - 5), version));
      const auto message = parse_message(Frame{FrameKind::kControl, *text});
      EXPECT_TRUE(message) << name << ": " << message.error().to_line();
    }
  }
}

TEST(Messages, ComeBackAsTheyWere) {
  for (const auto& [name, message] : all_messages()) {
    const auto back = parse_message(to_frame(message));
    ASSERT_TRUE(back) << name << back.error().to_line();
    EXPECT_EQ(back->index(), message.index());
    EXPECT_EQ(to_json(*back), to_json(message)) << name;
  }
}

TEST(Messages, FieldsOfANewerVersionAreIgnored) {
  auto body = to_json(Message(a_hello()));
  body["novelty"] = 1;
  body["current"].get_object()["novelty"] = 2;
  EXPECT_TRUE(parse_message(json::value(body)));
}

TEST(Messages, AllMistakesAreToldAtOnce) {
  const auto message = parse_message(*parse_json(R"({"type":"cancel","run":5,"attempt":-1,"grace_seconds":"x"})"));
  ASSERT_FALSE(message);
  EXPECT_EQ(message.error().code(), ErrorCode::kProtocol);
  EXPECT_EQ(message.error().mistake_list().size(), 3U);
}

TEST(Messages, RefusesUnknownTypesGarbageAndTheWrongKind) {
  for (const auto* text : {R"({"type":"dance"})", R"({"run":"x"})", R"([])", "null", "{", "", "\xff"}) {
    EXPECT_EQ(parse_message(Frame{FrameKind::kControl, text}).error().code(), ErrorCode::kProtocol) << text;
  }
  EXPECT_EQ(parse_message(Frame{FrameKind::kRecords, R"({"type":"idle"})"}).error().code(), ErrorCode::kProtocol);
}

TEST(Messages, ARunIdCannotBeAPath) { EXPECT_FALSE(parse_message(*parse_json(R"({"type":"release","run":"../../etc","attempt":1})"))); }

TEST(Version, OnlySpokenOnesPass) {
  EXPECT_TRUE(check_version(kVersion));
  EXPECT_TRUE(check_version(kOldestVersion));
  EXPECT_EQ(check_version(kVersion + 1).error().code(), ErrorCode::kProtocol);
  EXPECT_FALSE(check_version(kOldestVersion - 1).error().hint_text().empty());
}

TEST(RecordsBatch, ComesBackAsItWas) {
  const RecordsBatch batch{RunId("r_1_2"), 3, std::string("\0bytes", 6)};
  const auto back = parse_records_batch(to_frame(batch));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->run, batch.run);
  EXPECT_EQ(back->attempt, 3);
  EXPECT_EQ(back->bytes, batch.bytes);
}

TEST(RecordsBatch, RefusesWhatIsMalformed) {
  using namespace std::string_literals;
  for (const auto& payload : {""s, "\5"s, "\5\0ab"s, "\0\0\1\0\0\0"s, "\1\0r\1\0"s, "\1\0r\xff\xff\xff\xff"s}) {
    EXPECT_FALSE(parse_records_batch(Frame{FrameKind::kRecords, payload})) << payload.size();
  }
  auto control = to_frame(RecordsBatch{RunId("r"), 1, ""});
  control.kind = FrameKind::kControl;
  EXPECT_FALSE(parse_records_batch(control));
}

TEST(AttemptKey, NamesRunAndAttempt) { EXPECT_EQ(attempt_key(RunId("r"), 2), "r.2"); }

}  // namespace
}  // namespace stoker::protocol
