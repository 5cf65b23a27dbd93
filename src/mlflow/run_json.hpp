#pragma once
// A run as MLflow's clients read it. Pure.

#include "base/json.hpp"
#include "catalog/tracking/tracked_run.hpp"

namespace stoker::mlflow {

/// NaN as "NaN", infinities as the largest numbers.
json::value number_json(double value);
json::array pairs_json(const catalog::KeyValues& pairs);
json::object metric_json(std::string_view key, double value, std::int64_t timestamp, std::int64_t step);

json::object run_info_json(const catalog::TrackedRun& run);
/// {info, data, inputs, outputs}
json::object run_json(const catalog::TrackedRun& run);

}  // namespace stoker::mlflow
