#pragma once
// The composition root: builds every object of the server in order and wires them; the only folder that names concrete kinds.

#include <optional>
#include <string>

#include "base/result.hpp"

namespace stoker::server {

struct ServerOptions {
  std::string data;                    // the data folder
  std::string listen = "127.0.0.1:0";  // address:port; port 0 picks a free one
  /// Started by a client for one person: makes unknown workspaces, keeps token, port and address in `home`.
  bool personal = false;
  std::string home;                         // STOKER_HOME; used when personal
  std::optional<int> cpu_slots;             // of the local target; default: the number of cores
  std::optional<int> gpus;                  // default: those that the machine shows
  std::string supervisor_path;              // default: stoker-supervisor beside this program
  std::string python_tree;                  // default: ../../python or ../lib/stoker/python from this program
  std::optional<std::string> database_url;  // default: catalog.sqlite in the data folder; postgresql://… for PostgreSQL
};

/// Runs in the foreground until SIGTERM, SIGINT or POST /server/stop. Prints one line on standard output when it is ready:
/// `stoker server ready at http://127.0.0.1:41234 (token in DIR/token)`. Runs go on when it ends.
Status run(const ServerOptions& options);

}  // namespace stoker::server
