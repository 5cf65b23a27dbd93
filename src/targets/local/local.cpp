#include "targets/local/local.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <thread>

#include <fmt/format.h>

#include "io/file.hpp"

namespace stoker::targets {
namespace {

constexpr std::int64_t kHandleVersion = 1;
/// A supervisor that lives shorter was no use, and after so many in a row the slot is given up.
constexpr std::chrono::seconds kUsefulLife{15};
constexpr int kDeathsInARow = 5;

bool is_device_of_a_gpu(const std::string& name) {
  constexpr std::string_view kPrefix = "nvidia";
  if (!name.starts_with(kPrefix) || name.size() == kPrefix.size()) return false;
  return std::ranges::all_of(name.substr(kPrefix.size()), [](unsigned char c) { return std::isdigit(c) != 0; });
}

int default_cpus() { return static_cast<int>(std::max(1U, std::thread::hardware_concurrency())); }

}  // namespace

/// A container may show the driver's list of the whole machine and the device nodes of its own part, so the nodes count.
int count_gpus(const std::string& devices, const std::string& driver) {
  const auto listed = io::list_directory(driver);
  if (!listed || listed->empty()) return 0;
  const auto nodes = io::list_directory(devices);
  if (!nodes) return 0;
  return static_cast<int>(std::ranges::count_if(*nodes, is_device_of_a_gpu));
}

Result<std::unique_ptr<Target>> make_local(Context context) {
  std::vector<Mistake> mistakes;
  Capacity capacity;
  {
    const json::value settings(context.settings);
    FieldReader fields(settings, "targets." + context.name, mistakes);
    capacity.cpus = static_cast<int>(fields.integer("cpus", 1, 100'000, default_cpus()));
    const auto gpus = fields.integer("gpus", 0, 1'024, count_gpus());
    for (int i = 0; i < gpus; ++i) capacity.gpus.push_back(i);
  }
  CHECK_OK(mistakes_to_status(fmt::format("the settings of the target \"{}\" are wrong", context.name), std::move(mistakes)));
  return std::unique_ptr<Target>(std::make_unique<LocalTarget>(std::move(context), std::move(capacity)));
}

json::object LocalTarget::schema() const {
  const auto number = [](std::int64_t minimum, std::string_view description) {
    return json::object{{"type", "integer"}, {"minimum", minimum}, {"description", description}};
  };
  return {{"type", "object"},
          {"additionalProperties", false},
          {"properties", json::object{{"cpus", number(1, "CPU slots: how many runs of one slot go side by side. Default: the number of cores.")},
                                      {"gpus", number(0, "GPUs that runs may ask for. Default: those that the machine shows.")}}}};
}

Capabilities LocalTarget::capabilities() const { return {.warm = true, .outlives_server = true, .gpus = !capacity_.gpus.empty(), .max_nodes = 1}; }

std::string LocalTarget::id_of(int number) const { return fmt::format("{}-{}", context_.name, number); }

Handle LocalTarget::handle_of(int number) const {
  return {.value = json::object{{"version", kHandleVersion}, {"kind", "local"}, {"supervisor", id_of(number)}, {"slot", number}},
          .supervisor_id = id_of(number),
          .slot = number};
}

bool LocalTarget::is_ours(const Handle& handle) const { return handle.supervisor_id == id_of(handle.slot); }

Slot LocalTarget::slot(int number) const {
  return Slot({.folder = fmt::format("{}/slot-{}", context_.directory, number),
               .supervisor_id = id_of(number),
               .program = context_.supervisor_program,
               .python_tree = context_.python_tree,
               .server_url = context_.server_url ? context_.server_url() : std::string(),
               .token = context_.supervisor_token ? context_.supervisor_token(id_of(number)) : std::string()});
}

io::Task<Status> LocalTarget::probe() {
  auto work = [this]() -> Status {
    if (::access(context_.supervisor_program.c_str(), X_OK) != 0)
      return Error(ErrorCode::kTargetRejected,
                   fmt::format("the supervisor's program {} is not there or cannot be executed", context_.supervisor_program))
          .hint("build or install stoker-supervisor beside stoker");
    CHECK_OK(io::make_directories(context_.directory));
    if (::access(context_.directory.c_str(), W_OK) != 0)
      return Error(ErrorCode::kTargetRejected, fmt::format("the folder {} cannot be written", context_.directory));
    return ok();
  };
  co_return co_await io::blocking(context_.pool, std::move(work));
}

io::Task<Result<Handle>> LocalTarget::submit(Plan plan) {
  auto work = [this, slot = slot(plan.slot)] {
    const std::lock_guard lock(mutex_);
    return slot.ensure();
  };
  CO_CHECK_OK(co_await io::blocking(context_.pool, std::move(work)));
  co_return handle_of(plan.slot);
}

Observation LocalTarget::look(const Handle& handle) const {
  Observation seen{.handle = handle};
  if (!is_ours(handle)) {
    seen.message = fmt::format("the target \"{}\" has no place \"{}\"", context_.name, handle.supervisor_id);
    return seen;
  }
  const auto place = slot(handle.slot);
  switch (place.look(seen.message)) {
    case SlotState::kAlive: seen.observed = Observed::kAlive; break;
    case SlotState::kDead: seen.observed = Observed::kGone; break;
    case SlotState::kMissing: seen.observed = Observed::kUnknown; break;
  }
  // A server that came back under another address: the supervisor that is away finds it here.
  if (seen.observed == Observed::kAlive) static_cast<void>(place.write_server_url());
  return seen;
}

io::Task<Result<std::vector<Observation>>> LocalTarget::observe(std::vector<Handle> handles) {
  auto work = [this, handles = std::move(handles)] {
    const std::lock_guard lock(mutex_);
    std::vector<Observation> seen;
    for (const auto& handle : handles) seen.push_back(look(handle));
    return seen;
  };
  co_return co_await io::blocking(context_.pool, std::move(work));
}

io::Task<Status> LocalTarget::cancel(Handle handle, std::chrono::seconds grace) {
  if (!is_ours(handle)) co_return ok();
  auto work = [this, slot = slot(handle.slot), grace] {
    const std::lock_guard lock(mutex_);
    return slot.end(grace);
  };
  co_return co_await io::blocking(context_.pool, std::move(work));
}

/// Under the mutex.
Status LocalTarget::start_again(int number) {
  const auto place = slot(number);
  std::string message;
  const auto state = place.look(message);
  if (state == SlotState::kMissing) return Error(ErrorCode::kNotFound, message);
  if (state == SlotState::kAlive) return ok();
  auto& deaths = deaths_[number];
  const auto now = std::chrono::steady_clock::now();
  deaths.count = now - deaths.last_start < kUsefulLife ? deaths.count + 1 : 0;
  deaths.last_start = now;
  if (deaths.count >= kDeathsInARow)
    return Error(ErrorCode::kTargetRejected, fmt::format("its supervisor died {} times in a row as soon as it was started", deaths.count))
        .because(place.log_tail());
  auto started = place.ensure();
  if (!started) return started.error().retryable();
  return ok();
}

io::Task<Result<Handle>> LocalTarget::recover(Handle handle) {
  if (!is_ours(handle))
    co_return Error(ErrorCode::kNotFound, fmt::format("the target \"{}\" has no place \"{}\"", context_.name, handle.supervisor_id));
  auto work = [this, number = handle.slot] {
    const std::lock_guard lock(mutex_);
    return start_again(number);
  };
  CO_CHECK_OK(co_await io::blocking(context_.pool, std::move(work)));
  co_return handle_of(handle.slot);
}

/// The slot stays warm: nothing to do. The supervisor itself drops the attempt's spool.
io::Task<Status> LocalTarget::release(Handle) { co_return ok(); }

}  // namespace stoker::targets
