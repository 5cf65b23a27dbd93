#include "runs/dispatcher.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.hpp"

namespace stoker::runs {
namespace {

/// A waiting run was never placed, so its next attempt is the first.
constexpr int kFirstAttempt = 1;
constexpr Duration kFirstPause = std::chrono::seconds(1);
constexpr Duration kLongestPause = std::chrono::seconds(30);

Duration pause_after(int failures) { return std::min(kLongestPause, kFirstPause * (1 << std::min(failures - 1, 10))); }

}  // namespace

void Dispatcher::enqueue(const Run& run) {
  auto* line = live_.line_of(run.spec.target);
  if (line == nullptr) return;
  line->queue.push({.order = live_.next_order++, .run = run.id, .resources = run.spec.resources});
  kick();
}

void Dispatcher::kick() {
  kicked_ = true;
  wake_.notify();
}

io::Task<void> Dispatcher::run() {
  while (true) {
    kicked_ = false;
    const auto again = start_what_fits();
    if (kicked_) continue;
    const auto until = again ? io::in(*again - parts_.clock.monotonic()) : io::kNever;
    co_await wake_.wait(until);
  }
}

/// When to look again; nullopt: when kicked.
std::optional<Duration> Dispatcher::start_what_fits() {
  std::optional<Duration> again;
  const auto now = parts_.clock.monotonic();
  for (auto& [name, line] : live_.lines) {
    if (line.queue.empty()) continue;
    if (line.not_before <= now) start(name, line);
    else again = again ? std::min(*again, line.not_before) : line.not_before;
  }
  return again;
}

void Dispatcher::start(const std::string& target, Line& line) {
  auto decision = schedule(line.queue, line.target->capacity(), line.usage);
  line.head_waits = std::move(decision.head_waits);
  for (auto& taken : decision.starts) {
    line.queue.remove(taken.run);
    line.usage.take(taken);
    ++live_.placing;
    tasks_.spawn("place " + taken.run.text(), place(target, std::move(taken)));
  }
  if (!line.queue.empty() && !line.head_waits) kicked_ = true;  // the scheduler stopped at its limit
}

io::Task<void> Dispatcher::place(std::string name, Taken taken) {
  auto& line = *live_.line_of(name);
  const auto placed = co_await place_on(*line.target, name, taken);
  --live_.placing;
  if (placed) {
    line.failures = 0;
    line.trouble.reset();
  } else {
    put_back(line, taken, placed.error());
  }
}

/// Ok also when the run does not want its place any more. An error: it waits again.
io::Task<Status> Dispatcher::place_on(targets::Target& target, const std::string& name, const Taken& taken) {
  targets::Plan plan{
      .run = taken.run, .attempt = kFirstAttempt, .resources = taken.resources, .gpu_indices = taken.gpu_indices, .slot = taken.slot, .settings = {}};
  auto handle = co_await target.submit(std::move(plan));
  auto& usage = live_.line_of(name)->usage;
  if (!handle && handle.error().is_retryable()) co_return handle.error();
  Event event{.kind = handle ? EventKind::kPlaced : EventKind::kStartFailed, .at = parts_.clock.now(), .attempt = kFirstAttempt};
  if (handle) {
    event.handle = handle->value;
    event.gpu_indices = taken.gpu_indices;
  } else {
    event.message = fmt::format("could not start on target {}: {}", name, handle.error().message());
    event.error = RunError{
        .code = "ServiceError", .message = handle.error().message(), .type = {}, .trace = handle.error().cause(), .hint = handle.error().hint_text()};
  }
  const auto answer = co_await ledger_.apply(taken.run, std::move(event));
  if (!handle || !answer || answer->refused) usage.free(taken.run);
  if (handle && (!answer || answer->refused)) {
    const auto given_back = *handle;
    if (const auto released = co_await target.release(given_back); !released)
      log::warning("runs", "a place could not be given back", {{"run", taken.run.text()}, {"cause", released.error().to_line()}});
  }
  if (!answer) co_return answer.error();
  kick();
  co_return ok();
}

void Dispatcher::put_back(Line& line, const Taken& taken, const Error& error) {
  line.usage.free(taken.run);
  line.queue.push({.order = taken.order, .run = taken.run, .resources = taken.resources});
  line.trouble = error.message();
  line.not_before = parts_.clock.monotonic() + pause_after(++line.failures);
  log::warning("runs", "a run could not be placed and will be tried again", {{"run", taken.run.text()}, {"cause", error.to_line()}});
  kick();
}

}  // namespace stoker::runs
