// Every kind of target through the same story, without a server: places are given, watched, killed, brought back, given back.
// What runs say on them is told in runs/run_service_test.cpp (mock) and in tests/e2e (local with the real programs).
#include "targets/target.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <filesystem>

#include "io/file.hpp"
#include "io/process.hpp"
#include "targets/mock/mock.hpp"

namespace stoker::targets {
namespace {

using namespace std::chrono_literals;

std::string supervisor_program() {
  const char* given = ::getenv("STOKER_SUPERVISOR");
  return given != nullptr ? given : std::string(STOKER_BINARY_DIR) + "/bin/stoker-supervisor";
}

/// The process that a local slot's record names.
std::optional<io::ProcessIdentity> local_process(const std::string& directory, int slot) {
  const auto text = io::read_file(directory + "/slot-" + std::to_string(slot) + "/supervisor.json");
  if (!text) return std::nullopt;
  const auto record = json::parse(*text);
  return io::ProcessIdentity{.boot_id = std::string(record.at("boot_id").as_string()),
                             .pid = static_cast<pid_t>(record.at("pid").as_int64()),
                             .start_time = record.at("start_time").to_number<std::uint64_t>()};
}

class TargetContract : public testing::TestWithParam<std::string> {
 protected:
  TargetContract() {
    char pattern[] = "/tmp/stoker-targets-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    target_ = make();
  }
  ~TargetContract() override {
    for (int slot = 0; slot < 3; ++slot) {
      if (const auto process = local_process(folder_, slot)) static_cast<void>(io::send_signal(*process, SIGKILL));
    }
    target_.reset();
    loop_.restart();
    loop_.poll();
    std::filesystem::remove_all(folder_);
  }

  Context context(json::object settings) {
    return {.loop = loop_,
            .pool = pool_,
            .name = "here",
            .directory = folder_,
            .settings = std::move(settings),
            .supervisor_program = supervisor_program(),
            .python_tree = {},
            .server_url = [] { return std::string("http://127.0.0.1:1"); },
            .supervisor_token = [](const std::string& id) { return "secret-of-" + id; }};
  }
  std::unique_ptr<Target> make() {
    auto made = require_kind(GetParam())->make(context({{"cpus", 3}, {"gpus", 2}}));
    if (!made) ADD_FAILURE() << made.error().to_terminal();
    return std::move(*made);
  }

  template <class T>
  T wait(io::Task<T> task) {
    std::optional<T> value;
    io::asio::co_spawn(loop_, std::move(task), [&](std::exception_ptr thrown, T result) {
      if (thrown) std::rethrow_exception(thrown);
      value.emplace(std::move(result));
    });
    loop_.restart();
    while (!value) loop_.run_one();
    return std::move(*value);
  }
  Handle submit(int slot) {
    auto handle =
        wait(target_->submit({.run = RunId("r_1_00000001"), .attempt = 1, .resources = {}, .gpu_indices = {}, .slot = slot, .settings = {}}));
    if (!handle) ADD_FAILURE() << handle.error().to_terminal();
    return std::move(*handle);
  }
  Observed observe(const Handle& handle) { return wait(target_->observe({handle})).value().at(0).observed; }
  /// kill -9, as it comes from outside.
  void kill(const Handle& handle) {
    if (auto* mock = dynamic_cast<MockTarget*>(target_.get())) return mock->kill(handle.slot);
    const auto process = local_process(folder_, handle.slot);
    ASSERT_TRUE(process);
    ASSERT_TRUE(io::send_signal(*process, SIGKILL));
    while (io::is_alive(*process)) wait(pause());
  }
  static io::Task<Status> pause() {
    co_await io::sleep_for(1ms);
    co_return ok();
  }
  Handle stranger() { return *parse_handle(json::object{{"version", 1}, {"kind", GetParam()}, {"supervisor", "elsewhere-7"}, {"slot", 7}}); }

  io::Loop loop_;
  io::Pool pool_{2};
  std::string folder_;
  std::unique_ptr<Target> target_;
};

TEST_P(TargetContract, DescribesItself) {
  EXPECT_EQ(target_->kind(), GetParam());
  EXPECT_FALSE(help_of(*require_kind(GetParam())).empty());
  const auto schema = target_->schema();
  for (const auto& [name, setting] : schema.at("properties").as_object()) EXPECT_FALSE(setting.at("description").as_string().empty()) << name;
  EXPECT_EQ(target_->capacity().cpus, 3);
  EXPECT_EQ(target_->capacity().gpus, (std::vector<int>{0, 1}));
  EXPECT_TRUE(target_->capabilities().gpus);
}

TEST_P(TargetContract, TellsAllMistakesOfTheSettings) {
  const auto made = require_kind(GetParam())->make(context({{"cpus", 0}, {"gpus", "two"}, {"cpu", 1}}));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().mistake_list().size(), 3U);
}

TEST_P(TargetContract, ProbeFindsThatItCanStart) { EXPECT_TRUE(wait(target_->probe())); }

TEST_P(TargetContract, PlaceHasALiveSupervisorAndItsHandleCanBeStored) {
  const auto handle = submit(1);
  EXPECT_EQ(observe(handle), Observed::kAlive);
  const auto stored = parse_handle(json::parse(json::serialize(handle.value)));
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->supervisor_id, handle.supervisor_id);
  EXPECT_EQ(stored->slot, 1);
  EXPECT_EQ(observe(*stored), Observed::kAlive);
}

TEST_P(TargetContract, PlacesAreApart) {
  const auto first = submit(0), second = submit(2);
  EXPECT_NE(first.supervisor_id, second.supervisor_id);
  kill(first);
  const auto seen = wait(target_->observe({first, second, stranger()})).value();
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].observed, Observed::kGone);
  EXPECT_EQ(seen[1].observed, Observed::kAlive);
  EXPECT_EQ(seen[2].observed, Observed::kUnknown);
  EXPECT_EQ(seen[1].handle.supervisor_id, second.supervisor_id);
}

TEST_P(TargetContract, WarmPlaceIsUsedAgain) {
  const auto handle = submit(0);
  const auto process = local_process(folder_, 0);
  EXPECT_TRUE(wait(target_->release(handle)));
  EXPECT_TRUE(wait(target_->release(handle))) << "releasing twice";
  EXPECT_EQ(submit(0).supervisor_id, handle.supervisor_id);
  EXPECT_EQ(local_process(folder_, 0), process) << "no second process";
}

TEST_P(TargetContract, SupervisorThatWasKilledIsBroughtBackUnderTheSameId) {
  const auto handle = submit(0);
  kill(handle);
  EXPECT_EQ(observe(handle), Observed::kGone);
  EXPECT_EQ(wait(target_->recover(handle)).value().supervisor_id, handle.supervisor_id);
  EXPECT_EQ(observe(handle), Observed::kAlive);
  const auto process = local_process(folder_, 0);
  EXPECT_TRUE(wait(target_->recover(handle)));
  EXPECT_EQ(local_process(folder_, 0), process) << "recovering a live one does nothing";
}

TEST_P(TargetContract, CancelEndsTheSupervisorAndASecondOneChangesNothing) {
  const auto handle = submit(0);
  EXPECT_TRUE(wait(target_->cancel(handle, 0s)));
  EXPECT_EQ(observe(handle), Observed::kGone);
  EXPECT_TRUE(wait(target_->cancel(handle, 0s)));
  EXPECT_TRUE(wait(target_->recover(handle)));
  EXPECT_EQ(observe(handle), Observed::kAlive);
}

TEST_P(TargetContract, UnknownHandleIsNobody) {
  EXPECT_EQ(observe(stranger()), Observed::kUnknown);
  EXPECT_EQ(wait(target_->recover(stranger())).error().code(), ErrorCode::kNotFound);
  EXPECT_TRUE(wait(target_->cancel(stranger(), 0s)));
  EXPECT_TRUE(wait(target_->release(stranger())));
}

TEST_P(TargetContract, RestartedServerFindsThePlaceByItsHandle) {
  if (!target_->capabilities().outlives_server) GTEST_SKIP() << "its places live in the server";
  const auto handle = submit(0);
  target_ = make();
  EXPECT_EQ(observe(handle), Observed::kAlive);
  kill(handle);
  target_ = make();
  EXPECT_EQ(observe(handle), Observed::kGone);
  EXPECT_TRUE(wait(target_->recover(handle)));
  EXPECT_EQ(observe(handle), Observed::kAlive);
}

std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const auto& kind : kinds()) names.emplace_back(kind.name);
  return names;
}
INSTANTIATE_TEST_SUITE_P(Kinds, TargetContract, testing::ValuesIn(kind_names()), [](const auto& info) { return info.param; });

TEST(TargetKinds, AreTheSubFolders) {
  std::vector<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(STOKER_SOURCE_DIR) + "/src/targets")) {
    if (entry.is_directory()) folders.push_back(entry.path().filename());
  }
  std::ranges::sort(folders);
  EXPECT_EQ(kind_names(), folders);
}

TEST(TargetKinds, UnknownKindIsToldWithTheNearest) { EXPECT_EQ(require_kind("locl").error().hint_text(), "did you mean \"local\"?"); }

TEST(TargetHandle, WhatIsNoneOfOursIsRefused) {
  EXPECT_EQ(parse_handle(json::object{{"version", 2}, {"supervisor", "a"}, {"slot", 0}}).error().code(), ErrorCode::kDataFormat);
  EXPECT_EQ(parse_handle(json::object{{"supervisor", 5}}).error().code(), ErrorCode::kDataFormat);
  EXPECT_EQ(parse_handle(nullptr).error().code(), ErrorCode::kDataFormat);
}

}  // namespace
}  // namespace stoker::targets
