#include <algorithm>
#include <array>

#include "cli/commands/commands.hpp"

namespace stoker::cli {
namespace {

// In the order of the overview. A noun that begins with `__` is for shells and not shown.
constexpr std::array kTable = {
    CommandInfo{"run", "submit", "submit a program as a run", make_run_submit},
    CommandInfo{"run", "list", "list runs, the newest first", make_run_list},
    CommandInfo{"run", "show", "show everything about a run", make_run_show},
    CommandInfo{"run", "logs", "print what a run wrote, or follow it", make_run_logs},
    CommandInfo{"run", "metrics", "show metrics as a table and small charts", make_run_metrics},
    CommandInfo{"run", "environment", "show the interpreter and packages that a run had", make_run_environment},
    CommandInfo{"run", "samples", "show what a run used: CPU, memory, disk, GPU", make_run_samples},
    CommandInfo{"run", "files", "list the files of a run", make_run_files},
    CommandInfo{"run", "download", "download files of a run", make_run_download},
    CommandInfo{"run", "recreate", "lay down code, command and environment of a run", make_run_recreate},
    CommandInfo{"run", "cancel", "end runs, with every process they started", make_run_cancel},
    CommandInfo{"run", "explain", "say what a run waits for", make_run_explain},
    CommandInfo{"run", "diff", "compare two runs: code, parameters, environment, metrics", make_run_diff},
    CommandInfo{"run", "events", "list what happened to a run", make_run_events},
    CommandInfo{"run", "wait", "wait until runs end", make_run_wait},
    CommandInfo{"run", "archive", "put runs away", make_run_archive},
    CommandInfo{"run", "restore", "bring archived runs back", make_run_restore},
    CommandInfo{"run", "delete", "delete ended runs for good", make_run_delete},
    CommandInfo{"track", "", "run a program here, and keep its record as a run", make_track},
    CommandInfo{"experiment", "list", "list experiments", make_experiment_list},
    CommandInfo{"experiment", "show", "show an experiment and its latest runs", make_experiment_show},
    CommandInfo{"experiment", "create", "create an experiment", make_experiment_create},
    CommandInfo{"experiment", "archive", "put an experiment away", make_experiment_archive},
    CommandInfo{"experiment", "reactivate", "bring an archived experiment back", make_experiment_reactivate},
    CommandInfo{"experiment", "delete", "delete an experiment without runs", make_experiment_delete},
    CommandInfo{"workspace", "list", "list workspaces", make_workspace_list},
    CommandInfo{"workspace", "show", "show a workspace", make_workspace_show},
    CommandInfo{"workspace", "create", "create a workspace", make_workspace_create},
    CommandInfo{"workspace", "update", "change what a workspace says of itself", make_workspace_update},
    CommandInfo{"workspace", "delete", "delete a workspace", make_workspace_delete},
    CommandInfo{"secret", "set", "keep a secret for the runs of a workspace", make_secret_set},
    CommandInfo{"secret", "get", "print the value of a secret", make_secret_get},
    CommandInfo{"secret", "list", "list the names of secrets", make_secret_list},
    CommandInfo{"secret", "delete", "delete a secret", make_secret_delete},
    CommandInfo{"model", "list", "list registered models", make_model_list},
    CommandInfo{"model", "show", "show a model: where it came from, its files", make_model_show},
    CommandInfo{"model", "register", "register files of a run or of this machine as a model", make_model_register},
    CommandInfo{"model", "download", "download a model", make_model_download},
    CommandInfo{"model", "delete", "delete a version of a model", make_model_delete},
    CommandInfo{"datastore", "list", "list the datastores of a workspace", make_datastore_list},
    CommandInfo{"datastore", "add", "register a folder as a datastore", make_datastore_add},
    CommandInfo{"datastore", "remove", "forget a registered datastore", make_datastore_remove},
    CommandInfo{"datastore", "files", "list files of a datastore", make_datastore_files},
    CommandInfo{"datastore", "upload", "upload files to a datastore", make_datastore_upload},
    CommandInfo{"datastore", "download", "download files of a datastore", make_datastore_download},
    CommandInfo{"tensorboard", "", "show the logs of runs in TensorBoard", make_tensorboard},
    CommandInfo{"mlflow", "env", "point MLflow's clients at your server", make_mlflow_env},
    CommandInfo{"snapshot", "create", "keep a folder as it is now", make_snapshot_create},
    CommandInfo{"server", "start", "start your server", make_server_start},
    CommandInfo{"server", "stop", "stop it; runs go on", make_server_stop},
    CommandInfo{"server", "status", "say where it is and what it does", make_server_status},
    CommandInfo{"server", "check", "check its data, disk and supervisors", make_server_check},
    CommandInfo{"server", "logs", "print its log", make_server_logs},
    CommandInfo{"server", "", "run a server in the foreground", make_server},
    CommandInfo{"completion", "", "completion for bash and zsh", make_completion},
    CommandInfo{"errors", "", "the table of errors and exit codes", make_errors},
    CommandInfo{"help", "", "help for a command", make_help},
    CommandInfo{"version", "", "the version of this program", make_version},
    CommandInfo{"__complete", "", "candidates for a shell", make_complete},
    CommandInfo{"__console", "", "shows and keeps what a tracked program writes", make_console},
};

}  // namespace

std::span<const CommandInfo> command_table() { return kTable; }

const CommandInfo* find_command(std::string_view noun, std::string_view verb) {
  const auto found = std::ranges::find_if(kTable, [&](const CommandInfo& info) { return info.noun == noun && info.verb == verb; });
  return found == kTable.end() ? nullptr : &*found;
}

std::vector<std::string> nouns() {
  std::vector<std::string> list;
  for (const auto& info : kTable) {
    if (!info.noun.starts_with("__") && std::ranges::find(list, info.noun) == list.end()) list.emplace_back(info.noun);
  }
  return list;
}

std::vector<std::string> verbs_of(std::string_view noun) {
  std::vector<std::string> list;
  for (const auto& info : kTable) {
    if (info.noun == noun && !info.verb.empty()) list.emplace_back(info.verb);
  }
  return list;
}

}  // namespace stoker::cli
