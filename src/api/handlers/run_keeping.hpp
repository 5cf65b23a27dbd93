#pragma once
// What becomes of runs that are over: put away, brought back, deleted for good.

#include "api/call.hpp"
#include "domain/run.hpp"

namespace stoker::api {

struct ArchiveRun {
  struct Input {
    RunId run;
    std::string by;
  };
  using Output = Run;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct RestoreRun {
  struct Input {
    RunId run;
    std::string by;
  };
  using Output = Run;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct DeleteRun {
  struct Input {
    RunId run;
    bool children = false;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

/// The caller's word for himself, but a run's token says which run it is.
std::string name_of(const Caller& caller, const std::string& by);
/// An event of the run that tells who did what; `more` goes into its data.
Status tell(db::Transaction& transaction, const RunId& run, Time now, const std::string& what, const std::string& by, json::object more = {});

}  // namespace stoker::api
