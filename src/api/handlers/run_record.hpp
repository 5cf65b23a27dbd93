#pragma once
// What is kept of a run beside its states, output, metrics and files: the uncommitted diff, the environment as it was, resource samples.

#include "api/call.hpp"

namespace stoker::api {

/// Keeps the text with the object store, for the run that is about to be made.
io::Task<Result<catalog::RunDiff>> store_diff(const Services& services, std::string text);

struct GetDiff {
  struct Input {
    RunId run;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct GetEnvironment {
  struct Input {
    RunId run;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct GetSamples {
  struct Input {
    RunId run;
    std::int64_t after = 0;
    std::int64_t limit = 100'000;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

}  // namespace stoker::api
