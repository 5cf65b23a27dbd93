#include "runs/interactive/metric_intake.hpp"

#include <algorithm>

namespace stoker::runs {

io::Task<Status> MetricIntake::take(RunId run, MetricCall call) {
  auto mine = std::make_shared<Waiting>(loop_, std::move(run), std::move(call));
  next_.push_back(mine);
  if (!std::exchange(is_draining_, true)) tasks_.spawn("metrics of clients", drain());
  while (!mine->is_settled) co_await mine->settled.wait();
  co_return std::move(mine->status);
}

io::Task<void> MetricIntake::drain() {
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

void MetricIntake::store(Round& round) {
  metrics::Mark upto;
  for (auto& waiting : round) {
    const auto& call = waiting->call;
    const auto mark = call.writer.empty() ? metrics_.append_points(waiting->run, call.points)
                                          : metrics_.append_call(waiting->run, call.writer, call.sequence, call.points);
    if (!mark) waiting->status = mark.error();
    else upto = std::max(upto, *mark);
  }
  const auto synced = metrics_.sync(upto);
  if (synced) return;
  for (auto& waiting : round) {
    if (waiting->status) waiting->status = Error(synced.error());
  }
}

}  // namespace stoker::runs
