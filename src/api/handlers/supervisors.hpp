#pragma once
// The door of the supervisors: an HTTP upgrade, then frames both ways (protocol/FORMAT.md). What the frames mean is runs::SupervisorHub's.

#include "api/call.hpp"

namespace stoker::api {

struct ConnectSupervisor {
  struct Input {
    std::optional<std::string> upgrade;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

}  // namespace stoker::api
