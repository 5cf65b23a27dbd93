#include "targets/mock/mock.hpp"

#include <fmt/format.h>

#include "targets/mock/mock_supervisor.hpp"

namespace stoker::targets {

Result<std::unique_ptr<Target>> make_mock(Context context) {
  std::vector<Mistake> mistakes;
  MockTarget::Settings made;
  {
    const json::value settings(context.settings);
    FieldReader fields(settings, "targets." + context.name, mistakes);
    made.capacity.cpus = static_cast<int>(fields.integer("cpus", 1, 100'000, 2));
    const auto gpus = fields.integer("gpus", 0, 1'024, 0);
    for (int i = 0; i < gpus; ++i) made.capacity.gpus.push_back(i);
    made.delay = std::chrono::milliseconds(fields.integer("delay_ms", 0, 3'600'000, 50));
    made.refuse = static_cast<int>(fields.integer("refuse", 0, 1'000'000, 0));
  }
  CHECK_OK(mistakes_to_status(fmt::format("the settings of the target \"{}\" are wrong", context.name), std::move(mistakes)));
  return std::unique_ptr<Target>(std::make_unique<MockTarget>(std::move(context), std::move(made)));
}

MockTarget::MockTarget(Context context, Settings settings)
    : context_(std::move(context)), settings_(std::move(settings)), tasks_(context_.loop, "targets") {}

MockTarget::~MockTarget() {
  for (auto& [slot, supervisor] : supervisors_) supervisor->kill();
}

json::object MockTarget::schema() const {
  const auto number = [](std::string_view description) { return json::object{{"type", "integer"}, {"description", description}}; };
  return {{"type", "object"},
          {"additionalProperties", false},
          {"properties", json::object{{"cpus", number("CPU slots. Default 2.")},
                                      {"gpus", number("GPUs. Default 0.")},
                                      {"delay_ms", number("How long a slow start takes. Default 50.")},
                                      {"refuse", number("How many times submit says that it cannot for now. Default 0.")}}}};
}

Handle MockTarget::handle_of(int slot) const {
  const auto id = fmt::format("{}-{}", context_.name, slot);
  return {.value = json::object{{"version", 1}, {"kind", "mock"}, {"supervisor", id}, {"slot", slot}}, .supervisor_id = id, .slot = slot};
}

MockSupervisor* MockTarget::find(const Handle& handle) {
  const auto at = supervisors_.find(handle.slot);
  if (at == supervisors_.end() || handle.supervisor_id != handle_of(handle.slot).supervisor_id) return nullptr;
  return at->second.get();
}

io::Task<Result<Handle>> MockTarget::submit(Plan plan) {
  if (settings_.refuse > 0) {
    --settings_.refuse;
    co_return Error(ErrorCode::kTargetRejected, "the mock target cannot for now").retryable();
  }
  auto& supervisor = supervisors_[plan.slot];
  if (!supervisor) supervisor = std::make_shared<MockSupervisor>(*this, handle_of(plan.slot).supervisor_id);
  supervisor->start();
  plans_.push_back(plan);
  co_return handle_of(plan.slot);
}

io::Task<Result<std::vector<Observation>>> MockTarget::observe(std::vector<Handle> handles) {
  std::vector<Observation> seen;
  for (const auto& handle : handles) {
    Observation one{.handle = handle};
    const auto* supervisor = find(handle);
    if (supervisor == nullptr) one.message = "there is no such mock supervisor";
    else one.observed = supervisor->is_alive() ? Observed::kAlive : Observed::kGone;
    seen.push_back(std::move(one));
  }
  co_return seen;
}

io::Task<Status> MockTarget::cancel(Handle handle, std::chrono::seconds) {
  if (auto* supervisor = find(handle)) supervisor->kill();
  co_return ok();
}

io::Task<Result<Handle>> MockTarget::recover(Handle handle) {
  auto* supervisor = find(handle);
  if (supervisor == nullptr)
    co_return Error(ErrorCode::kNotFound, fmt::format("the target \"{}\" has no place \"{}\"", context_.name, handle.supervisor_id));
  if (given_up_.contains(handle.slot)) co_return Error(ErrorCode::kTargetRejected, "its supervisor died 5 times in a row as soon as it was started");
  supervisor->start();
  co_return handle;
}

io::Task<Status> MockTarget::release(Handle handle) {
  if (find(handle) != nullptr) ++released_;
  co_return ok();
}

void MockTarget::kill(int slot) { supervisors_.at(slot)->kill(); }
void MockTarget::cut(int slot) { supervisors_.at(slot)->cut(); }
void MockTarget::connect(int slot) { supervisors_.at(slot)->connect(); }
void MockTarget::forget(int slot) {
  supervisors_.at(slot)->kill();
  supervisors_.erase(slot);
}

}  // namespace stoker::targets
