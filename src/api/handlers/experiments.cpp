#include "api/handlers/experiments.hpp"

#include "api/reach.hpp"
#include "catalog/workspaces.hpp"
#include "domain/names.hpp"

namespace stoker::api {

const Spec<ListExperiments::Input>& ListExperiments::spec() {
  static const auto spec =
      Spec<Input>("Experiments of a workspace, by name.").path("workspace", &Input::workspace, "the workspace's id").answers(200, "Experiments");
  return spec;
}

io::Task<Result<json::object>> ListExperiments::process(Call& call, Input input) {
  auto read = [id = input.workspace](db::Connection& connection) -> Result<std::vector<catalog::Experiment>> {
    CHECK_OK(catalog::find_workspace(connection, id));
    return catalog::list_experiments(connection, id);
  };
  CO_TRY(const auto all, co_await call.services.catalog.read(std::move(read)));
  json::array list;
  for (const auto& experiment : all) list.push_back(to_json(experiment));
  co_return json::object{{"experiments", std::move(list)}};
}

const Spec<CreateExperiment::Input>& CreateExperiment::spec() {
  static const auto spec = Spec<Input>("The experiment of that name, made when there is none.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .json_field("name", &Input::name, "1 to 255 letters, digits, - or _")
                               .required()
                               .answers(201, "Experiment");
  return spec;
}

io::Task<Result<catalog::Experiment>> CreateExperiment::process(Call& call, Input input) {
  const auto now = call.services.clock.now();
  auto write = [input, now, &random = call.services.random](db::Transaction& transaction) {
    return catalog::get_or_create_experiment(transaction, input.workspace, input.name, now, random);
  };
  co_return co_await call.services.catalog.write(std::move(write));
}

const Spec<GetExperiment::Input>& GetExperiment::spec() {
  static const auto spec = Spec<Input>("One experiment.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the experiment's name")
                               .answers(200, "Experiment");
  return spec;
}

io::Task<Result<catalog::Experiment>> GetExperiment::process(Call& call, Input input) {
  CO_CHECK_OK(co_await check_experiment(call, input.workspace, input.name));
  auto read = [input](db::Connection& connection) { return catalog::find_experiment(connection, input.workspace, input.name); };
  co_return co_await call.services.catalog.read(std::move(read));
}

const Spec<UpdateExperiment::Input>& UpdateExperiment::spec() {
  static const auto spec = Spec<Input>("Changes an experiment: all of it or nothing.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the experiment's name")
                               .json_field("tags", &Input::tags, "set; null for a tag without a value")
                               .json_field("remove_tags", &Input::remove_tags, "keys of tags that go")
                               .json_field("description", &Input::description, "at most 5000 characters", {.longest = 5000})
                               .json_field("archived", &Input::archived, "true: put away; false: back")
                               .answers(200, "Experiment");
  return spec;
}

io::Task<Result<catalog::Experiment>> UpdateExperiment::process(Call& call, Input input) {
  for (const auto& [key, value] : input.tags) CO_CHECK_OK(check_tag(key, value.value_or("")));
  auto write = [input, now = call.services.clock.now()](db::Transaction& transaction) -> Result<catalog::Experiment> {
    TRY(auto experiment, catalog::find_experiment(transaction, input.workspace, input.name));
    for (const auto& [key, value] : input.tags) experiment.tags[key] = value.value_or("");
    for (const auto& key : input.remove_tags) experiment.tags.erase(key);
    if (input.description) experiment.description = *input.description;
    if (input.archived && *input.archived != experiment.archived_at.has_value())
      experiment.archived_at = *input.archived ? std::optional(now) : std::nullopt;
    CHECK_OK(catalog::update_experiment(transaction, experiment));
    return experiment;
  };
  co_return co_await call.services.catalog.write(std::move(write));
}

const Spec<DeleteExperiment::Input>& DeleteExperiment::spec() {
  static const auto spec = Spec<Input>("Deletes an experiment without runs.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the experiment's name")
                               .answers(204, "");
  return spec;
}

io::Task<Result<Reply>> DeleteExperiment::process(Call& call, Input input) {
  auto write = [input](db::Transaction& transaction) -> Status {
    TRY(const auto experiment, catalog::find_experiment(transaction, input.workspace, input.name));
    return catalog::remove_experiment(transaction, experiment.id);
  };
  CO_CHECK_OK(co_await call.services.catalog.write(std::move(write)));
  Reply reply;
  reply.status = 204;
  co_return reply;
}

}  // namespace stoker::api
