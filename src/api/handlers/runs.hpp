#pragma once
// Runs: submit, look, list, change, cancel, explain.

#include "api/call.hpp"
#include "domain/run.hpp"

namespace stoker::api {

/// A specification, and what comes with it and is kept beside it.
struct Submission {
  RunSpec spec;
  std::optional<std::string> diff;  // of the source against its commit, as `git diff HEAD --binary` prints it
};

/// `Idempotency-Key`: the same key makes one run, however often it is sent.
struct SubmitRun {
  struct Input {
    std::optional<std::string> idempotency_key;
    Submission submission;
  };
  using Output = Run;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct SubmitRuns {
  struct Input {
    std::vector<Submission> submissions;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct ListRuns {
  struct Input {
    std::optional<std::string> workspace_id, experiment, state, parent, prefix, kind;
    std::string view = "active";
    bool include_children = true;
    std::vector<std::string> tags, properties;  // key, or key=value
    std::int64_t limit = 50;
    std::string cursor;
    std::string filter;                 // the grammar of src/search
    std::vector<std::string> order_by;  // likewise
    bool explain = false;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct GetRun {
  struct Input {
    RunId run;
  };
  using Output = Run;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

/// All or nothing.
struct UpdateRun {
  struct Input {
    RunId run;
    std::optional<std::string> display_name, description;
    std::string by;
    std::map<std::string, std::optional<std::string>> tags;
    std::vector<std::string> remove_tags;
    std::map<std::string, std::string> properties;
  };
  using Output = Run;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct CancelRun {
  struct Input {
    RunId run;
    std::string by;
  };
  using Output = Run;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct ExplainRun {
  struct Input {
    RunId run;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct ListEvents {
  struct Input {
    RunId run;
    std::int64_t after = 0;
    std::int64_t limit = 1000;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct ListChildren {
  struct Input {
    RunId run;
    std::int64_t limit = 50;
    std::string cursor;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

}  // namespace stoker::api
