#include "api/handlers/data_records.hpp"

#include "runs/data_inputs.hpp"

namespace stoker::api {
namespace {

std::string place_of_built_in(const Call& call) { return call.services.info.data_dir + "/datastores"; }

}  // namespace

json::object datastore_body(const catalog::Datastore& datastore, const std::string& folder) {
  json::object body;
  body["name"] = datastore.name;
  body["kind"] = datastore.is_built_in() ? "built_in" : "folder";
  body["path"] = folder;
  body["is_default"] = datastore.is_default;
  body["created_at"] = json_or_null(datastore.created_at);
  return body;
}

Result<json::object> datastore_record(const Call& call, const WorkspaceId& workspace, const catalog::Datastore& datastore) {
  TRY(const auto folder, runs::folder_of(place_of_built_in(call), workspace, datastore));
  return datastore_body(datastore, folder);
}

io::Task<Result<std::string>> datastore_folder(Call& call, WorkspaceId workspace, std::string name) {
  auto read = [workspace, name, place = place_of_built_in(call)](db::Connection& connection) -> Result<std::string> {
    TRY(const auto datastore, catalog::find_datastore(connection, workspace, name));
    return runs::folder_of(place, workspace, datastore);
  };
  co_return co_await call.services.catalog.read(std::move(read));
}

Reply no_content() {
  Reply reply;
  reply.status = 204;
  return reply;
}

}  // namespace stoker::api
