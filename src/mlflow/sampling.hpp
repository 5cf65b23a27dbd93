#pragma once
// Which steps of many a chart gets (mlflow-rest 9). Pure.

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace stoker::mlflow {

/// Of the sorted distinct `steps` of all runs, those in the range (default 0 to the greatest), evenly thinned to `most` and the last; and
/// each run's own least and greatest step within the range. Sorted.
std::vector<std::int64_t> sampled_steps(std::span<const std::vector<std::int64_t>> steps_of_runs,
                                        std::optional<std::pair<std::int64_t, std::int64_t>> range, std::size_t most);

}  // namespace stoker::mlflow
