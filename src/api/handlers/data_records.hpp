#pragma once
// What the handlers of datastores and datasets share.

#include "api/call.hpp"
#include "catalog/data.hpp"

namespace stoker::api {

json::object datastore_body(const catalog::Datastore& datastore, const std::string& folder);
/// With the folder on the server's machine; makes that of a built-in datastore at its first use.
Result<json::object> datastore_record(const Call& call, const WorkspaceId& workspace, const catalog::Datastore& datastore);
/// The folder of a datastore by its name. kNotFound.
io::Task<Result<std::string>> datastore_folder(Call& call, WorkspaceId workspace, std::string name);
Reply no_content();

}  // namespace stoker::api
