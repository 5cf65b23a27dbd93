#pragma once
// The environment variables of a run's program. Layers, later wins: the supervisor's minimum, what the client's shell had, the environment's
// own (specification, then what preparing it gave), the run's, and our identity (but of MLflow's variables where the user names a server). Pure.

#include <map>
#include <string>
#include <vector>

#include "environments/environment.hpp"
#include "protocol/messages.hpp"

namespace stoker::supervisor {

struct VariableInputs {
  environments::Prepared prepared;
  std::string home;  // of the user that runs the supervisor
  std::string user;
  std::string work;                         // becomes PWD
  std::string script_socket;                // STOKER_SOCKET
  std::map<std::string, std::string> data;  // where the run's data is; over the run's own variables
  std::string python_tree;                  // first on PYTHONPATH; empty: PYTHONPATH stays the user's
};

std::map<std::string, std::string> run_variables(const protocol::StartMessage& start, const VariableInputs& inputs);
/// NAME=value; names that no process could get (empty, with `=` or NUL) and values with NUL are left out.
std::vector<std::string> to_environment(const std::map<std::string, std::string>& variables);

}  // namespace stoker::supervisor
