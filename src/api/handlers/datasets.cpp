#include "api/handlers/datasets.hpp"

#include "api/data_reach.hpp"
#include "api/handlers/data_records.hpp"
#include "api/reach.hpp"
#include "catalog/runs.hpp"
#include "data/dataset_files.hpp"
#include "runs/data_inputs.hpp"

namespace stoker::api {
namespace {

DatasetDefinition read_definition(const json::value& value, std::vector<Mistake>& mistakes) { return read_dataset_definition(value, "", mistakes); }

/// Where the paths of a definition are. kNotFound: a datastore.
Result<std::vector<DataSource>> sources_of(db::Connection& connection, const std::string& place, const WorkspaceId& workspace,
                                           const DatasetDefinition& definition) {
  std::map<std::string, std::string> folders;
  std::vector<DataSource> sources;
  for (const auto& path : definition.paths) {
    if (!path.url.empty()) {
      sources.push_back({.datastore = {}, .root = {}, .path = path.url});
      continue;
    }
    auto at = folders.find(path.datastore);
    if (at == folders.end()) {
      TRY(const auto datastore, catalog::find_datastore(connection, workspace, path.datastore));
      TRY(auto folder, runs::folder_of(place, workspace, datastore));
      at = folders.emplace(path.datastore, std::move(folder)).first;
    }
    sources.push_back({path.datastore, at->second, path.path});
  }
  return sources;
}

json::object file_record(const data::DatasetFile& file) {
  json::object body;
  body["name"] = file.name;
  body["url"] = file.is_url() ? json::value(file.source.path) : json::value(nullptr);
  body["datastore"] = file.is_url() ? json::value(nullptr) : json::value(file.source.datastore);
  body["path"] = file.is_url() ? json::value(nullptr) : json::value(file.source.path);
  body["size_bytes"] = file.is_url() ? json::value(nullptr) : json::value(file.size);
  body["modified_at"] = file.is_url() ? json::value(nullptr) : json::value(format_time(file.modified_at));
  return body;
}

io::Task<Result<data::DatasetFiles>> files_of(Call& call, WorkspaceId workspace, DatasetDefinition definition) {
  const auto place = call.services.info.data_dir + "/datastores";
  auto read = [place, workspace, definition](db::Connection& connection) { return sources_of(connection, place, workspace, definition); };
  CO_TRY(auto sources, co_await call.services.catalog.read(std::move(read)));
  auto work = [sources = std::move(sources)] { return data::find_files(sources); };
  co_return co_await io::blocking(call.services.pool, std::move(work));
}

io::Task<Result<catalog::Dataset>> dataset_of(Call& call, WorkspaceId workspace, std::string id) {
  auto read = [workspace, id](db::Connection& connection) { return catalog::find_dataset(connection, workspace, id); };
  co_return co_await call.services.catalog.read(std::move(read));
}

}  // namespace

const Spec<SaveDataset::Input>& SaveDataset::spec() {
  static const auto spec = Spec<Input>("Keeps the definition of a dataset. The same again is the same dataset.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .query("validate", &Input::validate, "false: a path may name what is not there yet (default true)")
                               .json_body("DatasetDefinition", &Input::definition, &read_definition)
                               .at_most(16U << 20)
                               .answers(201, "Dataset");
  return spec;
}

io::Task<Result<json::object>> SaveDataset::process(Call& call, Input input) {
  CO_TRY(const auto reach, co_await data_reach(call, input.workspace));
  CO_CHECK_OK(reach.check_definition(input.definition));
  if (input.validate) CO_CHECK_OK(co_await files_of(call, input.workspace, input.definition));
  auto write = [input, now = call.services.clock.now()](db::Transaction& transaction) {
    return catalog::save_dataset(transaction, input.workspace, input.definition, now);
  };
  CO_TRY(const auto saved, co_await call.services.catalog.write(std::move(write)));
  co_return catalog::to_json(saved);
}

const Spec<GetDataset::Input>& GetDataset::spec() {
  static const auto spec = Spec<Input>("One dataset by its id, with its newest registration.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("dataset", &Input::dataset, "the dataset's id")
                               .answers(200, "Dataset");
  return spec;
}

io::Task<Result<json::object>> GetDataset::process(Call& call, Input input) {
  CO_CHECK_OK(co_await check_workspace(call, input.workspace));
  CO_TRY(const auto dataset, co_await dataset_of(call, input.workspace, input.dataset));
  co_return catalog::to_json(dataset);
}

const Spec<ListDatasetFiles::Input>& ListDatasetFiles::spec() {
  static const auto spec = Spec<Input>("The files of a dataset as they are now, by name.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("dataset", &Input::dataset, "the dataset's id")
                               .answers(200, "DatasetFiles");
  return spec;
}

io::Task<Result<json::object>> ListDatasetFiles::process(Call& call, Input input) {
  CO_TRY(const auto reach, co_await data_reach(call, input.workspace));
  CO_TRY(const auto dataset, co_await dataset_of(call, input.workspace, input.dataset));
  CO_CHECK_OK(reach.check_definition(dataset.definition));
  CO_TRY(const auto found, co_await files_of(call, input.workspace, dataset.definition));
  json::array list;
  for (const auto& file : found.files) list.push_back(file_record(file));
  co_return json::object{{"files", std::move(list)}, {"is_single", found.is_single}};
}

const Spec<RegisterDataset::Input>& RegisterDataset::spec() {
  static const auto spec = Spec<Input>("Gives a dataset a name. What the newest version of that name is already, it stays.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("dataset", &Input::dataset, "the dataset's id")
                               .json_field("name", &Input::name, "1 to 255 characters")
                               .required()
                               .json_field("description", &Input::description, "at most 5000 characters", {.longest = 5000})
                               .json_field("tags", &Input::tags, "of this version")
                               .json_field("create_new_version", &Input::create_new_version, "false: 409 where the name has other content")
                               .answers(201, "Dataset");
  return spec;
}

io::Task<Result<json::object>> RegisterDataset::process(Call& call, Input input) {
  CO_TRY(const auto reach, co_await data_reach(call, input.workspace));
  if (!reach.reaches_all()) {
    CO_TRY(const auto dataset, co_await dataset_of(call, input.workspace, input.dataset));
    CO_CHECK_OK(reach.check_definition(dataset.definition));
  }
  auto write = [input, now = call.services.clock.now()](db::Transaction& transaction) {
    const DataRegistration registration{.name = input.name, .description = input.description, .tags = input.tags};
    return catalog::register_dataset(transaction, input.workspace, input.dataset, registration, input.create_new_version, now);
  };
  CO_TRY(const auto registered, co_await call.services.catalog.write(std::move(write)));
  co_return catalog::to_json(registered);
}

const Spec<ListRegistered::Input>& ListRegistered::spec() {
  static const auto spec = Spec<Input>("Registered datasets by name: the newest version of each, or all.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .query("name", &Input::name, "only this name")
                               .query("all_versions", &Input::all_versions, "true: every version")
                               .answers(200, "Datasets");
  return spec;
}

io::Task<Result<json::object>> ListRegistered::process(Call& call, Input input) {
  CO_CHECK_OK(co_await check_workspace(call, input.workspace));
  auto read = [id = input.workspace](db::Connection& connection) { return catalog::list_registered(connection, id); };
  CO_TRY(const auto all, co_await call.services.catalog.read(std::move(read)));
  json::array list;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool is_newest = i + 1 == all.size() || all[i + 1].name != all[i].name;
    if ((input.name.empty() || all[i].name == input.name) && (input.all_versions || is_newest)) list.push_back(catalog::to_json(all[i]));
  }
  co_return json::object{{"datasets", std::move(list)}};
}

const Spec<GetRegistered::Input>& GetRegistered::spec() {
  static const auto spec = Spec<Input>("A registered dataset.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the name")
                               .query("version", &Input::version, "0, the default: the newest", {.low = 0})
                               .answers(200, "Dataset");
  return spec;
}

io::Task<Result<json::object>> GetRegistered::process(Call& call, Input input) {
  CO_CHECK_OK(co_await check_workspace(call, input.workspace));
  auto read = [input](db::Connection& connection) {
    return catalog::find_registered(connection, input.workspace, input.name, input.version == 0 ? std::nullopt : std::optional(input.version));
  };
  CO_TRY(const auto found, co_await call.services.catalog.read(std::move(read)));
  co_return catalog::to_json(found);
}

const Spec<UpdateRegistered::Input>& UpdateRegistered::spec() {
  static const auto spec = Spec<Input>("Adds tags to a version.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the name")
                               .json_field("version", &Input::version, "which", {.low = 1})
                               .required()
                               .json_field("tags", &Input::tags, "to be added or replaced")
                               .required()
                               .answers(200, "Dataset");
  return spec;
}

io::Task<Result<json::object>> UpdateRegistered::process(Call& call, Input input) {
  auto write = [input](db::Transaction& transaction) {
    return catalog::tag_dataset(transaction, input.workspace, input.name, input.version, input.tags);
  };
  CO_TRY(const auto changed, co_await call.services.catalog.write(std::move(write)));
  co_return catalog::to_json(changed);
}

const Spec<DeleteRegistered::Input>& DeleteRegistered::spec() {
  static const auto spec = Spec<Input>("Forgets a name with all its versions. The files stay, and runs still know what they read.")
                               .path("workspace", &Input::workspace, "the workspace's id")
                               .path("name", &Input::name, "the name")
                               .answers(204, "");
  return spec;
}

io::Task<Result<Reply>> DeleteRegistered::process(Call& call, Input input) {
  auto write = [input](db::Transaction& transaction) { return catalog::unregister_dataset(transaction, input.workspace, input.name); };
  CO_CHECK_OK(co_await call.services.catalog.write(std::move(write)));
  co_return no_content();
}

const Spec<ListRunDatasets::Input>& ListRunDatasets::spec() {
  static const auto spec = Spec<Input>("Which datasets a run read and wrote.").path("run", &Input::run, "the run's id").answers(200, "RunDatasets");
  return spec;
}

io::Task<Result<json::object>> ListRunDatasets::process(Call& call, Input input) {
  auto read = [id = input.run](db::Connection& connection) -> Result<std::vector<catalog::RunDataset>> {
    CHECK_OK(catalog::find_run(connection, id));
    return catalog::list_run_datasets(connection, id);
  };
  CO_TRY(const auto uses, co_await call.services.catalog.read(std::move(read)));
  json::array list;
  for (const auto& use : uses) list.push_back(catalog::to_json(use));
  co_return json::object{{"datasets", std::move(list)}};
}

const Spec<AddRunDataset::Input>& AddRunDataset::spec() {
  static const auto spec = Spec<Input>("Notes that a run uses a dataset of its workspace without having declared it.")
                               .path("run", &Input::run, "the run's id")
                               .json_field("dataset", &Input::dataset, "the dataset's id")
                               .required()
                               .answers(201, "Dataset");
  return spec;
}

io::Task<Result<json::object>> AddRunDataset::process(Call& call, Input input) {
  auto write = [input](db::Transaction& transaction) -> Result<catalog::Dataset> {
    TRY(const auto run, catalog::find_run(transaction, input.run));
    TRY(const auto dataset, catalog::find_dataset(transaction, run.workspace, input.dataset));
    CHECK_OK(catalog::add_run_reference(transaction, input.run, dataset));
    return dataset;
  };
  CO_TRY(const auto dataset, co_await call.services.catalog.write(std::move(write)));
  co_return catalog::to_json(dataset);
}

}  // namespace stoker::api
