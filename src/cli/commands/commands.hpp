#pragma once
// One factory for each command; table.cpp lists them.

#include <memory>

#include "cli/command.hpp"

namespace stoker::cli {

std::unique_ptr<Command> make_run_submit();
std::unique_ptr<Command> make_run_list();
std::unique_ptr<Command> make_run_show();
std::unique_ptr<Command> make_run_logs();
std::unique_ptr<Command> make_run_metrics();
std::unique_ptr<Command> make_run_environment();
std::unique_ptr<Command> make_run_samples();
std::unique_ptr<Command> make_run_files();
std::unique_ptr<Command> make_run_download();
std::unique_ptr<Command> make_run_recreate();
std::unique_ptr<Command> make_run_cancel();
std::unique_ptr<Command> make_run_explain();
std::unique_ptr<Command> make_run_diff();
std::unique_ptr<Command> make_run_events();
std::unique_ptr<Command> make_run_wait();
std::unique_ptr<Command> make_run_archive();
std::unique_ptr<Command> make_run_restore();
std::unique_ptr<Command> make_run_delete();
std::unique_ptr<Command> make_experiment_list();
std::unique_ptr<Command> make_experiment_show();
std::unique_ptr<Command> make_experiment_create();
std::unique_ptr<Command> make_experiment_archive();
std::unique_ptr<Command> make_experiment_reactivate();
std::unique_ptr<Command> make_experiment_delete();
std::unique_ptr<Command> make_workspace_list();
std::unique_ptr<Command> make_workspace_show();
std::unique_ptr<Command> make_workspace_create();
std::unique_ptr<Command> make_workspace_update();
std::unique_ptr<Command> make_workspace_delete();
std::unique_ptr<Command> make_secret_set();
std::unique_ptr<Command> make_secret_get();
std::unique_ptr<Command> make_secret_list();
std::unique_ptr<Command> make_secret_delete();
std::unique_ptr<Command> make_model_list();
std::unique_ptr<Command> make_model_show();
std::unique_ptr<Command> make_model_register();
std::unique_ptr<Command> make_model_download();
std::unique_ptr<Command> make_model_delete();
std::unique_ptr<Command> make_datastore_list();
std::unique_ptr<Command> make_datastore_add();
std::unique_ptr<Command> make_datastore_remove();
std::unique_ptr<Command> make_datastore_files();
std::unique_ptr<Command> make_datastore_upload();
std::unique_ptr<Command> make_datastore_download();
std::unique_ptr<Command> make_snapshot_create();
std::unique_ptr<Command> make_server();
std::unique_ptr<Command> make_server_start();
std::unique_ptr<Command> make_server_stop();
std::unique_ptr<Command> make_server_status();
std::unique_ptr<Command> make_server_check();
std::unique_ptr<Command> make_server_logs();
std::unique_ptr<Command> make_completion();
std::unique_ptr<Command> make_complete();
std::unique_ptr<Command> make_help();
std::unique_ptr<Command> make_version();
std::unique_ptr<Command> make_errors();
std::unique_ptr<Command> make_track();
std::unique_ptr<Command> make_console();
std::unique_ptr<Command> make_mlflow_env();
std::unique_ptr<Command> make_tensorboard();

}  // namespace stoker::cli
