#pragma once
// A run's output from an offset, and its numbers.

#include "api/call.hpp"

namespace stoker::api {

/// X-Stoker-Size: how many bytes there are now; X-Stoker-Complete: no more will come.
struct GetLog {
  struct Input {
    RunId run;
    std::uint64_t offset = 0;
    std::uint64_t limit = 1U << 20;
    std::string stream = "all";
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct GetMetrics {
  struct Input {
    RunId run;
    std::optional<std::string> name;
    std::uint64_t max_points = 100'000;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

/// 0 for all, 1 stdout, 2 stderr.
int stream_number(std::string_view name);
/// A number, or the texts NaN, Infinity and -Infinity, which JSON cannot say.
json::value metric_json(const MetricValue& value);

}  // namespace stoker::api
