#pragma once
// For tests: a run service over real stores in a folder of its own, with the mock target and a clock that is moved by hand.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "catalog/runs.hpp"
#include "runs/in_process_link.hpp"
#include "runs/run_service.hpp"
#include "targets/mock/mock.hpp"

namespace stoker::runs {

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
    samples_ = *metrics::MetricStore::open(folder_ + "/samples");
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
              .samples = *samples_,
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
  Run submit(RunSpec spec) { return *wait(service_->submit({.spec = std::move(spec), .diff = {}}, std::nullopt)); }
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
  std::unique_ptr<metrics::MetricStore> metrics_, samples_;
  InProcessWorld world_{loop_};
  std::unique_ptr<targets::MockTarget> mock_;
  std::unique_ptr<RunService> service_;
};

}  // namespace stoker::runs
