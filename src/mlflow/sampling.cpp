#include "mlflow/sampling.hpp"

#include <algorithm>
#include <set>

namespace stoker::mlflow {

std::vector<std::int64_t> sampled_steps(std::span<const std::vector<std::int64_t>> steps_of_runs,
                                        std::optional<std::pair<std::int64_t, std::int64_t>> range, std::size_t most) {
  std::set<std::int64_t> all;
  for (const auto& steps : steps_of_runs) all.insert(steps.begin(), steps.end());
  if (all.empty()) return {};
  const auto [low, high] = range.value_or(std::pair<std::int64_t, std::int64_t>(0, *all.rbegin()));
  const auto is_within = [&](std::int64_t step) { return step >= low && step <= high; };
  std::vector<std::int64_t> within;
  std::ranges::copy_if(all, std::back_inserter(within), is_within);
  std::set<std::int64_t> chosen;
  if (within.size() <= most) {
    chosen.insert(within.begin(), within.end());
  } else {
    for (std::size_t i = 0; i < most; ++i) chosen.insert(within[i * within.size() / most]);
    chosen.insert(within.back());
  }
  for (const auto& steps : steps_of_runs) {
    if (steps.empty()) continue;
    for (const auto step : {steps.front(), steps.back()})
      if (is_within(step)) chosen.insert(step);
  }
  return {chosen.begin(), chosen.end()};
}

}  // namespace stoker::mlflow
