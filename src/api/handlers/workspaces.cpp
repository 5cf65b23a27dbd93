#include "api/handlers/workspaces.hpp"

#include <algorithm>

#include "api/reach.hpp"

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
                               .json_field("friendly_name", &Input::friendly_name, "for people", {.longest = 256})
                               .json_field("description", &Input::description, "at most 5000 characters", {.longest = 5000})
                               .json_field("tags", &Input::tags, "of a new workspace")
                               .json_field("exist_ok", &Input::exist_ok, "true: one that is there already is the answer; false: 409")
                               .answers(201, "Workspace");
  return spec;
}

io::Task<Result<catalog::Workspace>> CreateWorkspace::process(Call& call, Input input) {
  const WorkspaceName name{input.subscription_id, input.resource_group, input.name};
  const auto now = call.services.clock.now();
  auto write = [name, now, input, &random = call.services.random](db::Transaction& transaction) -> Result<catalog::Workspace> {
    TRY(auto known, catalog::look_up_workspace(transaction, name));
    if (known && input.exist_ok) return std::move(*known);
    TRY(auto made, catalog::create_workspace(transaction, name, now, random));
    made.friendly_name = input.friendly_name;
    made.description = input.description;
    made.tags = input.tags;
    CHECK_OK(catalog::update_workspace(transaction, made));
    return made;
  };
  co_return co_await call.services.catalog.write(std::move(write));
}

const Spec<GetWorkspace::Input>& GetWorkspace::spec() {
  static const auto spec = Spec<Input>("One workspace.").path("workspace", &Input::workspace, "the workspace's id").answers(200, "Workspace");
  return spec;
}

io::Task<Result<catalog::Workspace>> GetWorkspace::process(Call& call, Input input) {
  CO_CHECK_OK(co_await check_workspace(call, input.workspace));
  auto read = [id = input.workspace](db::Connection& connection) { return catalog::find_workspace(connection, id); };
  co_return co_await call.services.catalog.read(std::move(read));
}

const Spec<UpdateWorkspace::Input>& UpdateWorkspace::spec() {
  static const auto spec = Spec<Input>("Changes a workspace: all of it or nothing.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .json_field("friendly_name", &Input::friendly_name, "for people", {.longest = 256})
                               .json_field("description", &Input::description, "at most 5000 characters", {.longest = 5000})
                               .json_field("tags", &Input::tags, "set; null for a tag without a value")
                               .json_field("remove_tags", &Input::remove_tags, "keys of tags that go")
                               .answers(200, "Workspace");
  return spec;
}

io::Task<Result<catalog::Workspace>> UpdateWorkspace::process(Call& call, Input input) {
  auto write = [input](db::Transaction& transaction) -> Result<catalog::Workspace> {
    TRY(auto workspace, catalog::find_workspace(transaction, input.workspace));
    if (input.friendly_name) workspace.friendly_name = *input.friendly_name;
    if (input.description) workspace.description = *input.description;
    for (const auto& [key, value] : input.tags) workspace.tags[key] = value.value_or("");
    for (const auto& key : input.remove_tags) workspace.tags.erase(key);
    CHECK_OK(catalog::update_workspace(transaction, workspace));
    return workspace;
  };
  co_return co_await call.services.catalog.write(std::move(write));
}

const Spec<DeleteWorkspace::Input>& DeleteWorkspace::spec() {
  static const auto spec = Spec<Input>("Deletes a workspace with its experiments and secrets.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .query("force", &Input::force, "true: with its runs; one with live runs is refused all the same")
                               .answers(204, "");
  return spec;
}

io::Task<Result<Reply>> DeleteWorkspace::process(Call& call, Input input) {
  CO_CHECK_OK(co_await call.services.runs.remove_workspace(std::move(input.workspace), input.force));
  Reply reply;
  reply.status = 204;
  co_return reply;
}

}  // namespace stoker::api
