#pragma once
// Interactive runs: a notebook or a child run says here how it goes.

#include "api/call.hpp"
#include "runs/run_service.hpp"

namespace stoker::api {

/// `Idempotency-Key`: the same key makes the runs once, however often it is sent.
struct BeginRuns {
  struct Wishes {
    std::vector<runs::InteractiveWish> list;
    std::vector<std::optional<std::string>> diffs;  // of each
  };
  struct Input {
    std::optional<std::string> idempotency_key;
    Wishes wishes;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct StartRun {
  struct Input {
    RunId run;
  };
  using Output = Run;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct EndRun {
  struct Outcome {
    bool well = true;
    std::optional<RunError> error;
  };
  struct Input {
    RunId run;
    Outcome outcome;
  };
  using Output = Run;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct Heartbeat {
  struct Input {
    RunId run;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

}  // namespace stoker::api
