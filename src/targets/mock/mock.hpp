#pragma once
// The target `mock`: plays what runs do, by configuration (mock.md), without a process. Its supervisors speak the real protocol over
// connections that a Wire gives; without one they live unconnected. What a mock supervisor has taken on stays when it
// "dies", as the spool of a real one does, and is told by the next one. Single loop.

#include <map>
#include <memory>
#include <set>
#include <string>

#include "targets/target.hpp"
#include "targets/wire.hpp"

namespace stoker::targets {

class MockSupervisor;

class MockTarget final : public Target {
 public:
  struct Settings {
    Capacity capacity{.cpus = 2, .gpus = {}};
    std::chrono::milliseconds delay{50};
    int refuse = 0;
  };
  MockTarget(Context context, Settings settings);
  ~MockTarget() override;

  std::string_view kind() const override { return "mock"; }
  json::object schema() const override;
  Capabilities capabilities() const override {
    return {.warm = true, .outlives_server = false, .gpus = !settings_.capacity.gpus.empty(), .max_nodes = 1};
  }
  Capacity capacity() const override { return settings_.capacity; }
  io::Task<Status> probe() override { co_return ok(); }
  io::Task<Result<Handle>> submit(Plan plan) override;
  io::Task<Result<std::vector<Observation>>> observe(std::vector<Handle> handles) override;
  io::Task<Status> cancel(Handle handle, std::chrono::seconds grace) override;
  io::Task<Result<Handle>> recover(Handle handle) override;
  io::Task<Status> release(Handle handle) override;

  // For tests.
  /// kill -9 of the supervisor of a slot.
  void kill(int slot);
  /// The connection breaks; the supervisor lives and connects again when told to.
  void cut(int slot);
  void connect(int slot);
  /// The place vanishes with everything in it.
  void forget(int slot);
  /// From now on no supervisor of a slot can be started again.
  void give_up(int slot) { given_up_.insert(slot); }
  /// How often a program was begun: a start that is sent twice must not begin it twice.
  int begun() const { return begun_; }
  int released() const { return released_; }
  std::vector<Plan> plans() const { return plans_; }

 private:
  friend class MockSupervisor;
  Handle handle_of(int slot) const;
  MockSupervisor* find(const Handle& handle);

  Context context_;
  Settings settings_;
  std::map<int, std::shared_ptr<MockSupervisor>> supervisors_;
  std::set<int> given_up_;
  std::vector<Plan> plans_;
  int begun_ = 0;
  int released_ = 0;
  io::TaskGroup tasks_;
};

Result<std::unique_ptr<Target>> make_mock(Context context);

}  // namespace stoker::targets
