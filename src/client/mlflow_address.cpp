#include "client/mlflow_address.hpp"

#include "client/records.hpp"
#include "domain/run_spec.hpp"
#include "io/url.hpp"

namespace stoker::client {

std::string mlflow_address(const std::string& server_url, const json::object& workspace) {
  const WorkspaceName name{.subscription_id = text_of(workspace, "subscription_id"),
                           .resource_group = text_of(workspace, "resource_group"),
                           .name = text_of(workspace, "name")};
  return name == WorkspaceName() ? server_url : server_url + "/mlflow/" + io::percent_encode(name.name);
}

}  // namespace stoker::client
