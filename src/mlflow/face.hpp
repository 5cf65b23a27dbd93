#pragma once
// The MLflow tracking API on the same port, over the same stores: any MLflow client talks to it. `/api/2.0/mlflow/…` is the default
// workspace, `/mlflow/<workspace>/api/2.0/mlflow/…` another one, by name or id.

#include <memory>
#include <string>
#include <unordered_map>

#include "api/http/http_server.hpp"
#include "mlflow/routes.hpp"

namespace stoker::mlflow {

class Face {
 public:
  /// `personal`: a workspace that is not there is made, not refused.
  explicit Face(bool personal) : personal_(personal) {}

  /// A Responder that takes the paths of this API and leaves the others to `next`.
  api::Responder before(api::Responder next) &&;

 private:
  io::Task<api::Reply> answer(api::Call& call);
  io::Task<Result<api::Reply>> find_and_answer(api::Call& call);
  io::Task<Result<api::Reply>> through(Request& request, const Route& route);
  io::Task<Result<WorkspaceId>> workspace_of(api::Call& call, const std::string& name);

  struct Known {
    WorkspaceId id;
    io::Deadline until;
  };
  bool personal_;
  std::unordered_map<std::string, Known> workspaces_;  // by what the path says
};

}  // namespace stoker::mlflow
