#pragma once
// Registered models as the SDK and the command line see them: versions, newest first, each with its files. The same registry is MLflow's (mlflow/).
// A version made here keeps its own names for the contents, so that it stays when its run is deleted.

#include "api/call.hpp"
#include "catalog/registry/models.hpp"

namespace stoker::api {

json::object to_json(const catalog::ModelVersion& version);

struct ListModels {
  struct Input {
    WorkspaceId workspace;
    std::optional<std::string> name, run, framework;
    bool latest = false;
    std::vector<std::string> tag, property;
    std::int64_t limit = 1000;
    std::optional<std::string> cursor;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct RegisterModel {
  struct Input {
    WorkspaceId workspace;
    std::string name;
    std::optional<std::string> run, upload;
    std::string path;
    std::string description;
    std::string created_by;
    std::map<std::string, std::string> tags, properties, details;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct GetModel {
  struct Input {
    WorkspaceId workspace;
    std::string name, version;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct UpdateModel {
  struct Input {
    WorkspaceId workspace;
    std::string name, version;
    std::map<std::string, std::string> tags, properties, details;
    std::vector<std::string> remove_tags;
    std::optional<std::string> description;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct DeleteModel {
  struct Input {
    WorkspaceId workspace;
    std::string name, version;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct ListModelFiles {
  struct Input {
    WorkspaceId workspace;
    std::string name, version;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct GetModelFile {
  struct Input {
    WorkspaceId workspace;
    std::string name, version, path;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct PutUpload {
  struct Input {
    WorkspaceId workspace;
    std::string upload, path;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

}  // namespace stoker::api
