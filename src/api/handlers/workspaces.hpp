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
    std::string friendly_name, description;
    std::map<std::string, std::string> tags;
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

/// All or nothing.
struct UpdateWorkspace {
  struct Input {
    WorkspaceId workspace;
    std::optional<std::string> friendly_name, description;
    std::map<std::string, std::optional<std::string>> tags;
    std::vector<std::string> remove_tags;
  };
  using Output = catalog::Workspace;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct DeleteWorkspace {
  struct Input {
    WorkspaceId workspace;
    bool force = false;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

}  // namespace stoker::api
