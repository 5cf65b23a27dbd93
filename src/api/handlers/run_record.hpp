#pragma once
// What is kept of a run beside its states, output, metrics and files: the uncommitted diff, the environment as it was, resource samples.

#include "api/call.hpp"

namespace stoker::api {

/// Takes the field `diff` out of a run's specification; mistakes are noted with their path.
std::optional<std::string> take_diff(json::object& specification, const std::string& path, std::vector<Mistake>& mistakes);
/// Keeps the text with the object store, for the run that is about to be made; nullopt stays so.
io::Task<Result<std::optional<catalog::RunDiff>>> store_diff(const Services& services, std::optional<std::string> text);

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

/// From the client of an interactive run, once.
struct PutEnvironment {
  struct Input {
    RunId run;
    json::object environment;
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
