#pragma once
// A run, live: server-sent events `log`, `metric`, `state`, `phase` and at last `end`, each with an id from which a lost stream goes on
// (event_stream.hpp). Nothing is pushed into a follower: it is woken, reads on from its own position, and awaits each write, so a slow
// one costs nobody else anything.

#include "api/call.hpp"

namespace stoker::api {

struct FollowRun {
  struct Input {
    RunId run;
    std::string stream = "all";
    std::optional<std::string> last_event_id;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

}  // namespace stoker::api
