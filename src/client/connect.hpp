#pragma once
// Finds the server that a client talks to, and starts the user's own one when none is there. Of many clients at once one starts it
// (flock on start.lock) and the others find it. The server outlives the client. STOKER_URL with STOKER_TOKEN names another server,
// which is never started from here. Blocking.

#include <chrono>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "client/home.hpp"

namespace stoker::client {

struct Endpoint {
  std::string url;  // http://host:port, no slash at the end
  std::string token;
  bool is_own = true;        // found through STOKER_HOME; false: STOKER_URL
  bool was_started = false;  // by this very call
};

enum class Start {
  kAlways,      // start the own server when none answers
  kAfterCrash,  // only where server.json says that one should be there: `stoker server stop` is respected
  kNever,
};

struct ConnectOptions {
  Start start = Start::kAlways;
  std::chrono::milliseconds patience{10'000};  // from the start of the server until it must be ready
  std::string program;                         // the `stoker` to start; empty: this program's own binary
  std::function<void(std::string_view)> say;   // one line of talk; may be empty
};

/// kServerUnreachable (none there, and not to be started), kServerStart (with the last lines of server.log), kDataLocation, kForbidden.
Result<Endpoint> connect(const Variables& variables, const ConnectOptions& options);

/// What GET /healthz says: the id of the server's data, which stays over its restarts. No token is needed.
Result<std::string> server_instance(const std::string& url);
/// The same as a question: `instance` answers there (any when empty).
bool answers(const std::string& url, const std::string& instance);
/// What the self-started server is given: paths and locale of the user, nothing secret and nothing of a run that it was started from.
std::vector<std::string> server_environment(const Variables& variables, const Home& home);

}  // namespace stoker::client
