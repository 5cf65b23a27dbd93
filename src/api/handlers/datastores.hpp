#pragma once
// Datastores of a workspace, and the files in them. A run's token reads what its run has as input and writes its outputs (data_reach.hpp).

#include "api/call.hpp"

namespace stoker::api {

struct ListDatastores {
  struct Input {
    WorkspaceId workspace;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct GetDatastore {
  struct Input {
    WorkspaceId workspace;
    std::string name;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

/// The folder must be there, outside of the server's own data.
struct RegisterDatastore {
  struct Input {
    WorkspaceId workspace;
    std::string name;
    std::string path;
    bool overwrite = false;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct UpdateDatastore {
  struct Input {
    WorkspaceId workspace;
    std::string name;
    bool is_default = false;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

/// Its files stay.
struct DeleteDatastore {
  struct Input {
    WorkspaceId workspace;
    std::string name;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct ListDatastoreFiles {
  struct Input {
    WorkspaceId workspace;
    std::string name;
    std::string pattern;
    std::int64_t limit = 1000;
    std::string after;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

/// Range, If-None-Match, HEAD.
struct GetDatastoreFile {
  struct Input {
    WorkspaceId workspace;
    std::string name;
    std::string path;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

/// On disk when it answers; it appears whole or not at all.
struct PutDatastoreFile {
  struct Input {
    WorkspaceId workspace;
    std::string name;
    std::string path;
    bool overwrite = true;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct DeleteDatastoreFile {
  struct Input {
    WorkspaceId workspace;
    std::string name;
    std::string path;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

}  // namespace stoker::api
