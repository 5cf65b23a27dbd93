#include "api/handlers/workspaces.hpp"

#include <algorithm>

namespace stoker::api {
namespace {

bool fits(const std::optional<std::string>& wanted, const std::string& value) { return !wanted || *wanted == value; }

}  // namespace

const Spec<ListWorkspaces::Input>& ListWorkspaces::spec() {
  static const auto spec = Spec<Input>("Workspaces, oldest first.")
                               .query("subscription_id", &Input::subscription_id, "only of this subscription")
                               .query("resource_group", &Input::resource_group, "only of this resource group")
                               .query("name", &Input::name, "only of this name")
                               .answers(200, "Workspaces");
  return spec;
}

io::Task<Result<json::object>> ListWorkspaces::process(Call& call, Input input) {
  auto read = [](db::Connection& connection) { return catalog::list_workspaces(connection); };
  CO_TRY(const auto all, co_await call.services.catalog.read(read));
  json::array list;
  for (const auto& workspace : all) {
    const auto& name = workspace.name;
    if (fits(input.subscription_id, name.subscription_id) && fits(input.resource_group, name.resource_group) && fits(input.name, name.name))
      list.push_back(to_json(workspace));
  }
  co_return json::object{{"workspaces", std::move(list)}};
}

const Spec<CreateWorkspace::Input>& CreateWorkspace::spec() {
  static const auto spec = Spec<Input>("Makes a workspace.")
                               .json_field("subscription_id", &Input::subscription_id, "any text")
                               .required()
                               .json_field("resource_group", &Input::resource_group, "any text")
                               .required()
                               .json_field("name", &Input::name, "2 to 32 letters, digits, - or _")
                               .required()
                               .json_field("exist_ok", &Input::exist_ok, "true: one that is there already is the answer; false: 409")
                               .answers(201, "Workspace");
  return spec;
}

io::Task<Result<catalog::Workspace>> CreateWorkspace::process(Call& call, Input input) {
  const WorkspaceName name{input.subscription_id, input.resource_group, input.name};
  const auto now = call.services.clock.now();
  auto write = [name, now, exist_ok = input.exist_ok, &random = call.services.random](db::Transaction& transaction) {
    return exist_ok ? catalog::get_or_create_workspace(transaction, name, now, random) : catalog::create_workspace(transaction, name, now, random);
  };
  co_return co_await call.services.catalog.write(std::move(write));
}

const Spec<GetWorkspace::Input>& GetWorkspace::spec() {
  static const auto spec = Spec<Input>("One workspace.").path("workspace", &Input::workspace, "the workspace's id").answers(200, "Workspace");
  return spec;
}

io::Task<Result<catalog::Workspace>> GetWorkspace::process(Call& call, Input input) {
  auto read = [id = input.workspace](db::Connection& connection) { return catalog::find_workspace(connection, id); };
  co_return co_await call.services.catalog.read(std::move(read));
}

}  // namespace stoker::api
