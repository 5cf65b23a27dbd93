#include "api/handlers/experiments.hpp"

#include "catalog/workspaces.hpp"

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
  auto read = [input](db::Connection& connection) { return catalog::find_experiment(connection, input.workspace, input.name); };
  co_return co_await call.services.catalog.read(std::move(read));
}

}  // namespace stoker::api
