#pragma once
// Where MLflow's clients find a workspace.

#include <string>

#include "base/json.hpp"

namespace stoker::client {

/// MLFLOW_TRACKING_URI for a workspace ({"subscription_id", "resource_group", "name"}): the server itself for the default one, else its
/// own path below `/mlflow`. Where several workspaces have the name the server refuses it and asks for an id.
std::string mlflow_address(const std::string& server_url, const json::object& workspace);

}  // namespace stoker::client
