#pragma once
// What is asked of a run's points (metric_store.hpp says what each answer is). Pure but for reading the run's file.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "metrics/metric_store.hpp"
#include "metrics/run_view.hpp"

namespace stoker::metrics {

Result<std::vector<Series>> read_series(const RunView& view, const std::optional<std::string>& name, std::size_t max_points);
Result<std::vector<MetricPoint>> read_tail(const RunView& view, std::uint64_t from_index, std::size_t limit);
Result<std::vector<Latest>> find_latest(const RunView& view);
Result<std::vector<HistoryPoint>> find_history(const RunView& view, const std::string& name, std::size_t offset, std::size_t limit);
Result<std::vector<std::int64_t>> find_steps(const RunView& view, const std::string& name);
Result<std::vector<HistoryPoint>> find_points_at(const RunView& view, const std::string& name, std::span<const std::int64_t> sorted_steps,
                                                 std::size_t limit);

/// The value as a number; nullopt for a text.
std::optional<double> number_of(const MetricValue& value);
/// The step that counts for Latest and for what is ordered by it; `place`: the point's index in its series.
inline std::int64_t step_of(const RawPoint& raw, std::uint64_t place) {
  return raw.step ? *raw.step : raw.is_identified ? 0 : static_cast<std::int64_t>(place);
}
/// Whether (step, time, value) of the first comes after that of the second; NaN counts as 0.
bool is_later(std::int64_t step, std::int64_t time, double value, const Latest& than);

}  // namespace stoker::metrics
