#include "metrics/folding.hpp"

#include <malloc.h>

#include <algorithm>
#include <chrono>

#include "base/log.hpp"

namespace stoker::metrics {
namespace {

constexpr std::chrono::seconds kOldest{60};  // so long a point stays in the log only
constexpr std::chrono::seconds kPauseAfterFailure{1};
constexpr std::size_t kMostOverBudget = 4;
constexpr std::size_t kWorthTrimming = 4U << 20;

}  // namespace

Folding::Folding(Log& log, RunTable& runs, Unindexed& unindexed, std::size_t budget)
    : log_(log), runs_(runs), unindexed_(unindexed), budget_(budget) {}

Folding::~Folding() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Status Folding::fold() {
  const std::lock_guard one(fold_mutex_);
  const auto upto = log_.end();
  const auto before = runs_.memory();
  Status outcome = log_.sync(upto);
  if (outcome) {
    for (const auto& run : runs_.all()) {
      if (run->unfolded() == 0) continue;
      if (auto done = run->fold(upto); !done && outcome) outcome = Error(done.error()).at("storing the metrics of " + run->run().text());
    }
  }
  {
    const std::lock_guard lock(mutex_);
    failure_.reset();
    if (!outcome) failure_ = outcome.error();
    else folded_ = upto;
    is_due_ = false;
  }
  changed_.notify_all();
  if (outcome) release();
  runs_.shrink();
  // The records were many small pieces; without this the memory stays with the process.
  if (before >= kWorthTrimming) ::malloc_trim(0);
  return outcome;
}

void Folding::release() {
  Position upto = 0;
  {
    const std::lock_guard lock(mutex_);
    upto = folded_;
  }
  log_.release(std::min(upto, unindexed_.settled()));
}

Status Folding::make_way() {
  if (runs_.memory() < budget_) return ok();
  std::unique_lock lock(mutex_);
  const bool was_due = std::exchange(is_due_, true);
  if (!was_due) changed_.notify_all();
  changed_.wait(lock, [&] { return runs_.memory() < kMostOverBudget * budget_ || failure_; });
  if (runs_.memory() < kMostOverBudget * budget_) return ok();
  return Error(*failure_);
}

void Folding::start() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(is_started_, true)) return;
  thread_ = std::thread([this] { work(); });
}

void Folding::work() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kOldest, [&] { return is_due_ || is_stopping_; });
      if (is_stopping_) return;
    }
    if (runs_.memory() == 0) continue;
    const auto done = fold();
    if (done) continue;
    log::warning("metrics", "metrics stay in the log", {{"cause", done.error().to_line()}});
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kPauseAfterFailure, [&] { return is_stopping_; });
  }
}

}  // namespace stoker::metrics
