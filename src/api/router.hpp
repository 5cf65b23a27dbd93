#pragma once
// The table of routes and the way of one request through it: names (path.hpp), route, token, reach, body, handler. A route names what
// it asks of a token, or it does not compile. Nothing of a request is read before it is known that it may be.

#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "api/call.hpp"

namespace stoker::api {

using Handler = io::Task<Result<Reply>> (*)(Call& call);

struct Route {
  Route() = delete;
  Route(Method method, std::string_view pattern, Access access, Handler handler, const SpecInfo& spec, std::string_view name);

  Method method;
  /// `{name}` is one part of the path; `{name...}` at the end all the rest, at least one part.
  std::string_view pattern;
  Access access;
  Handler handler;
  const SpecInfo* spec;
  std::string_view name;  // operationId
  std::vector<std::string_view> parts;
};

/// Record types have a to_json; json::object and Reply pass as they are.
inline Reply to_reply(int, Reply reply) { return reply; }
template <class Output>
Reply to_reply(int status, const Output& output) {
  if constexpr (std::is_same_v<Output, json::object>) return json_reply(status, output);
  else return json_reply(status, to_json(output));
}

template <class H>
io::Task<Result<Reply>> handle(Call& call) {
  const Sources sources{call.parameters, call.query, call.head, call.json_body ? &*call.json_body : nullptr};
  CO_TRY(auto input, H::spec().read(sources));
  call.json_body.reset();
  CO_TRY(auto output, co_await H::process(call, std::move(input)));
  co_return to_reply(call.status, std::move(output));
}

template <class H>
Route route(Method method, std::string_view pattern, Access access, std::string_view name) {
  return Route(method, pattern, access, &handle<H>, H::spec(), name);
}

/// The whole body as text. kInputTooLarge before anything is read where the client announces more than `limit`.
io::Task<Result<std::string>> read_body(BodyReader& body, std::size_t limit);

/// All routes of the server (routes.cpp).
std::span<const Route> routes();

/// Finds the route and fills `parameters`. kNotFound with the nearest path that exists; `allowed` gets the methods when only the
/// method is wrong (then the error is kUnsupported, to be told as 405).
Result<const Route*> match(std::span<const Route> table, Method method, const std::vector<std::string>& segments, Parameters& parameters,
                           std::string& allowed);

/// The whole way of a request; never throws but for cancellation.
io::Task<Reply> answer(const Services& services, const HttpLimits& limits, io::Pool& transfers, const Head& head, BodyReader& body, Peer& peer);

}  // namespace stoker::api
