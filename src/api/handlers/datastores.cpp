#include "api/handlers/datastores.hpp"

#include <stdlib.h>

#include <fmt/format.h>

#include "api/data_reach.hpp"
#include "api/handlers/data_records.hpp"
#include "api/reach.hpp"
#include "catalog/data.hpp"
#include "data/folder.hpp"

namespace stoker::api {
namespace {

/// The folder as it is without links, where a datastore may be. Blocks.
Result<std::string> checked_folder(const std::string& path, const std::string& data_dir) {
  if (!path.starts_with('/'))
    return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is not an absolute path", to_valid_utf8(path)))
        .hint("give the folder's whole path on the server's machine");
  char* resolved = ::realpath(path.c_str(), nullptr);
  if (resolved == nullptr) return Error(ErrorCode::kNotFound, fmt::format("there is no folder {} on the server's machine", to_valid_utf8(path)));
  const std::string real = resolved;
  ::free(resolved);
  CHECK_OK(data::Folder::open(real));
  char* own = ::realpath(data_dir.c_str(), nullptr);
  const std::string data = own == nullptr ? data_dir : own;
  ::free(own);
  const bool holds = (data + "/").starts_with(real == "/" ? "/" : real + "/");
  if (holds || (real + "/").starts_with(data + "/"))
    return Error(ErrorCode::kInvalidInput, fmt::format("{} and the server's own data ({}) lie in each other", real, data))
        .hint("take another folder");
  return real;
}

}  // namespace

const Spec<ListDatastores::Input>& ListDatastores::spec() {
  static const auto spec = Spec<Input>("Datastores: those of every workspace, then the registered ones.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .answers(200, "Datastores");
  return spec;
}

io::Task<Result<json::object>> ListDatastores::process(Call& call, Input input) {
  CO_CHECK_OK(co_await check_workspace(call, input.workspace));
  auto read = [id = input.workspace](db::Connection& connection) { return catalog::list_datastores(connection, id); };
  CO_TRY(const auto all, co_await call.services.catalog.read(std::move(read)));
  json::array list;
  for (const auto& datastore : all) {
    CO_TRY(auto record, datastore_record(call, input.workspace, datastore));
    list.push_back(std::move(record));
  }
  co_return json::object{{"datastores", std::move(list)}};
}

const Spec<GetDatastore::Input>& GetDatastore::spec() {
  static const auto spec = Spec<Input>("One datastore.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the datastore's name")
                               .answers(200, "Datastore");
  return spec;
}

io::Task<Result<json::object>> GetDatastore::process(Call& call, Input input) {
  CO_CHECK_OK(co_await check_workspace(call, input.workspace));
  auto read = [input](db::Connection& connection) { return catalog::find_datastore(connection, input.workspace, input.name); };
  CO_TRY(const auto found, co_await call.services.catalog.read(std::move(read)));
  co_return datastore_record(call, input.workspace, found);
}

const Spec<RegisterDatastore::Input>& RegisterDatastore::spec() {
  static const auto spec = Spec<Input>("Registers a folder of the server's machine, local or of the network, as a datastore.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .json_field("name", &Input::name, "3 to 255 letters, digits or '_'")
                               .required()
                               .json_field("path", &Input::path, "absolute; must be there")
                               .required()
                               .json_field("overwrite", &Input::overwrite, "another folder under that name is replaced")
                               .answers(201, "Datastore");
  return spec;
}

io::Task<Result<json::object>> RegisterDatastore::process(Call& call, Input input) {
  auto check = [path = input.path, own = call.services.info.data_dir] { return checked_folder(path, own); };
  CO_TRY(const auto path, co_await io::blocking(call.services.pool, std::move(check)));
  auto write = [input, path, now = call.services.clock.now()](db::Transaction& transaction) {
    return catalog::register_datastore(transaction, input.workspace, input.name, path, input.overwrite, now);
  };
  CO_TRY(const auto made, co_await call.services.catalog.write(std::move(write)));
  co_return datastore_record(call, input.workspace, made);
}

const Spec<UpdateDatastore::Input>& UpdateDatastore::spec() {
  static const auto spec = Spec<Input>("Makes a datastore the default one.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the datastore's name")
                               .json_field("is_default", &Input::is_default, "true: it becomes the default")
                               .required()
                               .answers(200, "Datastore");
  return spec;
}

io::Task<Result<json::object>> UpdateDatastore::process(Call& call, Input input) {
  if (!input.is_default) co_return Error(ErrorCode::kInvalidInput, "a workspace always has a default datastore").hint("make another one the default");
  auto write = [input](db::Transaction& transaction) -> Result<catalog::Datastore> {
    CHECK_OK(catalog::set_default_datastore(transaction, input.workspace, input.name));
    return catalog::find_datastore(transaction, input.workspace, input.name);
  };
  CO_TRY(const auto changed, co_await call.services.catalog.write(std::move(write)));
  co_return datastore_record(call, input.workspace, changed);
}

const Spec<DeleteDatastore::Input>& DeleteDatastore::spec() {
  static const auto spec = Spec<Input>("Forgets a registered datastore; its files stay.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the datastore's name")
                               .answers(204, "");
  return spec;
}

io::Task<Result<Reply>> DeleteDatastore::process(Call& call, Input input) {
  auto write = [input](db::Transaction& transaction) { return catalog::remove_datastore(transaction, input.workspace, input.name); };
  CO_CHECK_OK(co_await call.services.catalog.write(std::move(write)));
  co_return no_content();
}

}  // namespace stoker::api
