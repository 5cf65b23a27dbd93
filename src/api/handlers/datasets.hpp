#pragma once
// Datasets of a workspace: definitions by id, their registered versions by name, and those of a run.

#include "api/call.hpp"
#include "domain/data.hpp"

namespace stoker::api {

/// The same definition again is the same dataset.
struct SaveDataset {
  struct Input {
    DatasetDefinition definition;
    WorkspaceId workspace;
    bool validate = true;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct GetDataset {
  struct Input {
    WorkspaceId workspace;
    std::string dataset;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

/// Looks at the disk: a dataset is evaluated when it is used.
struct ListDatasetFiles {
  struct Input {
    WorkspaceId workspace;
    std::string dataset;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct RegisterDataset {
  struct Input {
    WorkspaceId workspace;
    std::string dataset;
    std::string name;
    std::string description;
    std::map<std::string, std::string> tags;
    bool create_new_version = false;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct ListRegistered {
  struct Input {
    WorkspaceId workspace;
    std::string name;
    bool all_versions = false;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct GetRegistered {
  struct Input {
    WorkspaceId workspace;
    std::string name;
    std::int64_t version = 0;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct UpdateRegistered {
  struct Input {
    WorkspaceId workspace;
    std::string name;
    std::int64_t version = 0;
    std::map<std::string, std::string> tags;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

/// All versions of the name; runs still know them.
struct DeleteRegistered {
  struct Input {
    WorkspaceId workspace;
    std::string name;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

/// What a run read and wrote.
struct ListRunDatasets {
  struct Input {
    RunId run;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

/// A dataset that the script uses without having declared it: from now on its token reads that, too.
struct AddRunDataset {
  struct Input {
    RunId run;
    std::string dataset;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

}  // namespace stoker::api
