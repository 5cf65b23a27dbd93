#pragma once
// The network side of an attempt, put together: main.cpp gives the factory to the Supervisor.

#include <string>

#include "base/clock.hpp"
#include "supervisor/services.hpp"

namespace stoker::supervisor {

struct ServerAccess {
  std::string url;    // http://host:port
  std::string token;  // the supervisor's; the script's calls use the run's own
};

/// Every attempt gets its snapshot, uploads and script socket from the server at `access`. `clock` outlives all attempts.
ServicesFactory link_services(ServerAccess access, const Clock& clock);

}  // namespace stoker::supervisor
