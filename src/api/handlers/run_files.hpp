#pragma once
// The files of a run: what it left in ./outputs and ./logs, what it uploaded, and its output as log files. Content streams to and from
// the object store; a row in the catalog makes it a file of the run.

#include "api/call.hpp"

namespace stoker::api {

struct ListFiles {
  struct Input {
    RunId run;
    bool links = false;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

/// Range, If-None-Match, HEAD.
struct GetFile {
  struct Input {
    RunId run;
    std::string path;
    std::optional<std::string> until, signature;  // of a link; the router has looked at them
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

/// On disk when it answers. An explicit upload wins over the automatic one of the same path.
struct PutFile {
  struct Input {
    RunId run;
    std::string path;
    std::string origin = "upload";
    std::optional<std::string> sha256;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

}  // namespace stoker::api
