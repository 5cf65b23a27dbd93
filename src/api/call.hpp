#pragma once
// One request on its way through router and handler.

#include <sys/types.h>

#include "api/auth.hpp"
#include "api/http/http.hpp"
#include "api/http/http_server.hpp"
#include "api/services.hpp"
#include "api/spec.hpp"

namespace stoker::api {

/// The other end of the connection.
class Peer {
 public:
  virtual ~Peer() = default;
  /// Of the process that connected, where the kernel tells (loopback TCP on this machine); found once per connection.
  virtual io::Task<std::optional<uid_t>> uid() = 0;
};

struct Call {
  const Services& services;
  const HttpLimits& limits;
  io::Pool& transfers;  // threads that may wait for slow readers, which those of the pool must not
  const Head& head;
  BodyReader& body;
  Peer& peer;
  Caller caller;
  Parameters parameters;
  Query query;
  std::optional<json::value> json_body;
  int status = 200;  // of the answer when the handler returns a record

  std::string_view parameter(std::string_view name) const {
    for (const auto& [key, value] : parameters)
      if (key == name) return value;
    return {};
  }
};

}  // namespace stoker::api
