#pragma once
// The server itself: is it there, how full is it, is it well, end it.

#include "api/call.hpp"

namespace stoker::api {

struct GetHealth {
  struct Input {};
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct GetOpenApi {
  struct Input {};
  using Output = Reply;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct GetServer {
  struct Input {};
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

/// Every check is told, also when one fails.
struct CheckServer {
  struct Input {};
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

struct StopServer {
  struct Input {};
  using Output = json::object;
  static const Spec<Input>& spec();
  static io::Task<Result<Output>> process(Call& call, Input input);
};

}  // namespace stoker::api
