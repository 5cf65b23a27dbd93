#pragma once
// Workspaces: (subscription, resource group, name).

#include "api/call.hpp"
#include "catalog/workspaces.hpp"

namespace stoker::api {

/// With any of the three given, only those that have it.
struct ListWorkspaces {
  struct Input {
    std::optional<std::string> subscription_id, resource_group, name;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct CreateWorkspace {
  struct Input {
    std::string subscription_id, resource_group, name;
    bool exist_ok = false;
  };
  using Output = catalog::Workspace;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct GetWorkspace {
  struct Input {
    WorkspaceId workspace;
  };
  using Output = catalog::Workspace;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

}  // namespace stoker::api
