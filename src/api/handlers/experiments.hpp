#pragma once
// Experiments of a workspace. They also come into being with their first run.

#include "api/call.hpp"
#include "catalog/experiments.hpp"

namespace stoker::api {

struct ListExperiments {
  struct Input {
    WorkspaceId workspace;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

/// Get or create.
struct CreateExperiment {
  struct Input {
    WorkspaceId workspace;
    std::string name;
  };
  using Output = catalog::Experiment;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct GetExperiment {
  struct Input {
    WorkspaceId workspace;
    std::string name;
  };
  using Output = catalog::Experiment;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

/// All or nothing.
struct UpdateExperiment {
  struct Input {
    WorkspaceId workspace;
    std::string name;
    std::map<std::string, std::optional<std::string>> tags;
    std::vector<std::string> remove_tags;
    std::optional<std::string> description;
    std::optional<bool> archived;
  };
  using Output = catalog::Experiment;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct DeleteExperiment {
  struct Input {
    WorkspaceId workspace;
    std::string name;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

}  // namespace stoker::api
