#pragma once
// The order that a supervisor gets, made from the stored run: the same after any restart of the server.

#include <string>

#include "domain/run.hpp"
#include "protocol/messages.hpp"

namespace stoker::runs {

inline constexpr std::string_view kMlflowProperty = "azureml.enable_mlflow_tracking";

/// What the program is told of the run's place and the run itself does not say.
struct Origin {
  RunId root;                          // top of the run's tree
  std::int64_t experiment_number = 0;  // MLflow's id of its experiment
};

/// `host_gpus`: GPUs of the whole target. The identity variables are those that Azure ML SDK v1 reads inside a run
/// (spec 16.1) and those with which MLflow's clients find the run (spec 16.2); the latter only where the property kMlflowProperty is not "False".
protocol::StartMessage start_message(const Run& run, const Origin& origin, std::int64_t host_gpus, std::string run_token, std::string server_url,
                                     std::vector<DataPlan> data);

}  // namespace stoker::runs
