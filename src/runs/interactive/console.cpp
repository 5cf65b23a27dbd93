#include "runs/interactive/console.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "runs/secrets/secrets.hpp"

namespace stoker::runs {

std::shared_ptr<Console::Live> Console::live_of(const RunId& run) {
  auto& live = live_[run];
  if (!live) live = std::make_shared<Live>();
  return live;
}

io::Task<Result<std::uint32_t>> Console::open(RunId run) {
  auto find = [this, run] { return logs_.newest_attempt(run); };
  CO_TRY(const auto newest, co_await io::blocking(pool_, std::move(find)));
  const auto live = live_of(run);
  // The second as the least: a number that was given out before a restart, and not used yet, is not given out again.
  const auto now = static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch()).count());
  live->handed = std::max({newest + 1, live->handed + 1, now});
  co_return live->handed;
}

io::Task<Status> Console::take(RunId run, ConsoleCall call) {
  auto mine = std::make_shared<Waiting>(loop_, std::move(run), std::move(call));
  CO_TRY(mine->mask, co_await secrets_.mask_for(mine->run));
  mine->live = live_of(mine->run);
  next_.push_back(mine);
  if (!std::exchange(is_draining_, true)) tasks_.spawn("output of clients", drain());
  while (!mine->is_settled) co_await mine->settled.wait();
  co_return std::move(mine->status);
}

io::Task<void> Console::drain() {
  while (!next_.empty()) {
    auto round = std::make_shared<Round>(std::exchange(next_, {}));
    auto work = [this, round] { store(*round); };
    co_await io::blocking(pool_, std::move(work));
    for (auto& waiting : *round) {
      waiting->is_settled = true;
      waiting->settled.notify();
      feed_.notify(waiting->run);
    }
  }
  is_draining_ = false;
}

void Console::store(Round& round) {
  for (auto& waiting : round) waiting->status = append(*waiting);
  for (auto& waiting : round) {
    if (!waiting->status) continue;
    const std::array<RunId, 1> runs{waiting->run};
    waiting->status = logs_.sync(runs);  // costs nothing the second time
  }
}

Status Console::append(Waiting& waiting) {
  TRY(const auto newest, logs_.newest_attempt(waiting.run));
  const auto writer = waiting.call.writer;
  if (writer < newest)
    return Error(ErrorCode::kConflict, fmt::format("another process writes the output of run {} now", waiting.run.text()))
        .hint("one process at a time writes a run's output; begin a child run for another");
  if (std::exchange(waiting.live->writer, writer) != writer) waiting.live->trails = {};
  auto done = write_masked(logs_, waiting.run, static_cast<int>(writer), *waiting.mask, waiting.live->trails, waiting.call.pieces);
  if (done || done.error().code() != ErrorCode::kProtocol) return done;
  return Error(ErrorCode::kConflict, fmt::format("bytes are missing in the output of run {}", waiting.run.text()))
      .because(done.error())
      .hint("send again from the last byte that was acknowledged");
}

}  // namespace stoker::runs
