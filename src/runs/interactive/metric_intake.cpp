#include "runs/interactive/metric_intake.hpp"

#include <array>

namespace stoker::runs {

io::Task<Status> MetricIntake::take(RunId run, MetricCall call) {
  auto mine = std::make_shared<Waiting>(loop_, std::move(call));
  const auto [round, is_first] = next_.try_emplace(run);
  round->second.push_back(mine);
  if (is_first) tasks_.spawn("metrics of " + run.text(), drain(run));
  while (!mine->is_settled) co_await mine->settled.wait();
  co_return std::move(mine->status);
}

io::Task<void> MetricIntake::drain(RunId run) {
  while (!next_[run].empty()) {
    auto round = std::make_shared<Round>(std::exchange(next_[run], {}));
    auto work = [this, run, round] { store(run, *round); };
    co_await io::blocking(pool_, std::move(work));
    for (auto& waiting : *round) {
      waiting->is_settled = true;
      waiting->settled.notify();
    }
    feed_.notify(run);
  }
  next_.erase(run);
}

void MetricIntake::store(const RunId& run, Round& round) {
  for (auto& waiting : round) waiting->status = metrics_.append_call(run, waiting->call.writer, waiting->call.sequence, waiting->call.points);
  const std::array<RunId, 1> runs{run};
  const auto synced = metrics_.sync(runs);
  if (synced) return;
  for (auto& waiting : round) {
    if (waiting->status) waiting->status = Error(synced.error());
  }
}

}  // namespace stoker::runs
