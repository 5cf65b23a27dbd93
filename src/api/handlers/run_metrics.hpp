#pragma once
// Metrics of a run: read, and logged by clients that have no supervisor's journal.

#include "api/call.hpp"
#include "domain/metric.hpp"

namespace stoker::api {

struct GetMetrics {
  struct Input {
    RunId run;
    std::optional<std::string> name;
    std::uint64_t max_points = 100'000;
    bool recursive = false;
    std::string layout = "points";
    std::uint64_t buckets = 1000;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct LogMetrics {
  struct Input {
    RunId run;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

/// A number, or the texts NaN, Infinity and -Infinity, which JSON cannot say.
json::value metric_json(const MetricValue& value);

}  // namespace stoker::api
