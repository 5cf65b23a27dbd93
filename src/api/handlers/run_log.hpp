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

/// Which bytes of the output came from which stream, and when.
struct GetLogSpans {
  struct Input {
    RunId run;
    std::uint64_t offset = 0;
    std::int64_t limit = 1000;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

/// 0 for all, 1 stdout, 2 stderr.
int stream_number(std::string_view name);

}  // namespace stoker::api
