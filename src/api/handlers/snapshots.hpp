#pragma once
// Snapshots of source folders: what is missing, packs in and out, the committed root, looking inside.

#include "api/call.hpp"

namespace stoker::api {

/// Both ways digests of 32 bytes each, one after another.
struct FindMissing {
  struct Input {};
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct AddPack {
  struct Input {};
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct CommitSnapshot {
  struct Input {
    std::string root;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct GetSnapshot {
  struct Input {
    SnapshotId snapshot;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct GetPack {
  struct Input {
    SnapshotId snapshot;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct GetSnapshotFile {
  struct Input {
    SnapshotId snapshot;
    std::string path;
  };
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct DiffSnapshots {
  struct Input {
    SnapshotId snapshot, other;
  };
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

}  // namespace stoker::api
