#include "runs/start_message.hpp"

namespace stoker::runs {
namespace {

/// A run's token is good as long as its attempt; the SDK's scripts want a time (seconds since 1970), and renew one that is near. This is 2100.
constexpr std::string_view kNeverExpires = "4102444800";

/// What scripts of the SDK read beside the names: resource paths and addresses (spec 16.1).
void add_scopes(const Run& run, const std::string& server_url, std::map<std::string, std::string>& variables) {
  const auto& workspace = run.spec.workspace;
  const auto scope = "/subscriptions/" + workspace.subscription_id + "/resourceGroups/" + workspace.resource_group +
                     "/providers/Microsoft.MachineLearningServices/workspaces/" + workspace.name;
  variables["AZUREML_WORKSPACE_SCOPE"] = scope;
  variables["AZUREML_EXPERIMENT_SCOPE"] = scope + "/experiments/" + run.spec.experiment;
  variables["AZUREML_DISCOVERY_SERVICE_ENDPOINT"] = server_url + "/discovery";
  variables["AZUREML_RUN_HISTORY_SERVICE_ENDPOINT"] = server_url;
}

}  // namespace

protocol::StartMessage start_message(const Run& run, const RunId& root, std::int64_t host_gpus, std::string run_token, std::string server_url) {
  protocol::StartMessage start{.run = run.id,
                               .attempt = run.attempt,
                               .spec = run.spec,
                               .gpu_indices = run.gpu_indices,
                               .host_gpus = host_gpus,
                               .run_token = std::move(run_token),
                               .server_url = std::move(server_url),
                               .identity_variables = {}};
  start.identity_variables = {
      {"STOKER_RUN_ID", run.id.text()},
      {"AZUREML_RUN_ID", run.id.text()},
      {"AZUREML_ROOT_RUN_ID", root.text()},
      {"AZUREML_ARM_SUBSCRIPTION", run.spec.workspace.subscription_id},
      {"AZUREML_ARM_RESOURCEGROUP", run.spec.workspace.resource_group},
      {"AZUREML_ARM_WORKSPACE_NAME", run.spec.workspace.name},
      {"AZUREML_ARM_PROJECT_NAME", run.spec.experiment},
      {"AZUREML_EXPERIMENT_ID", run.experiment.text()},
      {"AZUREML_WORKSPACE_ID", run.workspace.text()},
      {"AZUREML_RUN_TOKEN", start.run_token},
      {"AZUREML_RUN_TOKEN_EXPIRY", std::string(kNeverExpires)},
      {"AZUREML_CR_NODE_RANK", "0"},
      {"AZUREML_SERVICE_ENDPOINT", start.server_url},
  };
  add_scopes(run, start.server_url, start.identity_variables);
  if (run.spec.parent) start.identity_variables["AZUREML_PARENT_RUN_ID"] = run.spec.parent->text();
  return start;
}

}  // namespace stoker::runs
