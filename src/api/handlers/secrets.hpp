#pragma once
// Secrets of a workspace. A run reads those of its own workspace; a value goes into no log line and no list.

#include "api/call.hpp"

namespace stoker::api {

struct ListSecrets {
  struct Input {
    WorkspaceId workspace;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct GetSecret {
  struct Input {
    WorkspaceId workspace;
    std::string name;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct PutSecret {
  struct Input {
    WorkspaceId workspace;
    std::string name;
    std::string value;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct DeleteSecret {
  struct Input {
    WorkspaceId workspace;
    std::string name;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

}  // namespace stoker::api
