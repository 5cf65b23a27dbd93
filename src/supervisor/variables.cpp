#include "supervisor/variables.hpp"

#include <fmt/format.h>

namespace stoker::supervisor {
namespace {

using Variables = std::map<std::string, std::string>;

// A run inside a run, or a client with a token in its shell: what reaches the server must be the run's own, never the client's.
void drop_foreign(Variables& inherited) {
  std::erase_if(inherited, [](const auto& entry) {
    const auto& name = entry.first;
    return name.starts_with("STOKER_") || name.starts_with("AZUREML_RUN_") || name == "OLDPWD" || name == "PWD" || name == "_" || name == "SHLVL";
  });
}

std::string gpu_list(const std::vector<int>& indices) { return fmt::format("{}", fmt::join(indices, ",")); }

Variables least(const VariableInputs& inputs) {
  Variables variables{{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}, {"LANG", "C.UTF-8"}};
  if (!inputs.home.empty()) variables["HOME"] = inputs.home;
  if (!inputs.user.empty()) variables["USER"] = variables["LOGNAME"] = inputs.user;
  return variables;
}

void put_identity(Variables& variables, const protocol::StartMessage& start, const VariableInputs& inputs) {
  // Who names an MLflow server means that one: our run is not there.
  const bool names_mlflow = variables.contains("MLFLOW_TRACKING_URI");
  for (const auto& [name, value] : start.identity_variables) {
    if (!names_mlflow || !name.starts_with("MLFLOW_")) variables[name] = value;
  }
  variables["STOKER_RUN_ID"] = start.run.text();
  variables["STOKER_ATTEMPT"] = protocol::attempt_key(start.run, start.attempt);
  variables["AZUREML_RUN_ID"] = start.run.text();
  if (!start.run_token.empty()) variables["AZUREML_RUN_TOKEN"] = start.run_token;
  if (!start.server_url.empty()) variables["AZUREML_SERVICE_ENDPOINT"] = start.server_url;
  if (!inputs.script_socket.empty()) variables["STOKER_SOCKET"] = inputs.script_socket;
  variables["PWD"] = inputs.work;
  if (start.host_gpus > 0 || !start.gpu_indices.empty()) variables["CUDA_VISIBLE_DEVICES"] = gpu_list(start.gpu_indices);
}

}  // namespace

Variables run_variables(const protocol::StartMessage& start, const VariableInputs& inputs) {
  auto variables = least(inputs);
  auto inherited = start.spec.inherited;
  drop_foreign(inherited);
  for (const auto& [name, value] : inherited) variables[name] = value;
  variables["PYTHONUNBUFFERED"] = "1";
  for (const auto& [name, value] : start.spec.environment.variables) variables[name] = value;
  variables = environments::with_prepared(std::move(variables), inputs.prepared);
  for (const auto& [name, value] : start.spec.environment_variables) variables[name] = value;
  for (const auto& [name, value] : inputs.data) variables[name] = value;
  put_identity(variables, start, inputs);
  if (!inputs.python_tree.empty()) {
    auto& path = variables["PYTHONPATH"];
    path = path.empty() ? inputs.python_tree : inputs.python_tree + ":" + path;
  }
  return variables;
}

std::vector<std::string> to_environment(const Variables& variables) {
  std::vector<std::string> list;
  for (const auto& [name, value] : variables) {
    const bool possible =
        !name.empty() && name.find_first_of(std::string_view("=\0", 2)) == std::string::npos && value.find('\0') == std::string::npos;
    if (possible) list.push_back(name + "=" + value);
  }
  return list;
}

}  // namespace stoker::supervisor
