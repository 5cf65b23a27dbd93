#include "runs/data_inputs.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "catalog/workspaces.hpp"
#include "data/dataset_files.hpp"
#include "io/file.hpp"

namespace stoker::runs {
namespace {

/// What the paths of all inputs may have together: they travel to the supervisor in one frame.
constexpr std::size_t kMaxPathBytes = 4U << 20;

class Resolving {
 public:
  Resolving(db::Connection& connection, const std::string& datastores, std::optional<WorkspaceId> workspace)
      : connection_(connection), datastores_(datastores), workspace_(std::move(workspace)) {}

  Result<DataPlan> plan(DataBinding binding) {
    DataPlan plan;
    if (binding.role == DataRole::kInput) {
      TRY(plan.sources, sources_of(binding));
    } else {
      TRY(const auto datastore, find(binding.datastore));
      binding.datastore = datastore.name;
      if (binding.role == DataRole::kOutput && binding.path.empty()) binding.path = "dataset/{run-id}/{output-name}";
      TRY(auto root, folder(datastore));
      plan.sources.push_back({datastore.name, std::move(root), binding.path});
    }
    plan.binding = std::move(binding);
    return plan;
  }

 private:
  /// Empty while the workspace is not there: it is made with the run.
  Result<std::string> folder(const catalog::Datastore& datastore) const {
    if (!workspace_) return std::string();
    return folder_of(datastores_, *workspace_, datastore);
  }

  Result<catalog::Datastore> find(const std::string& name) {
    if (workspace_) return catalog::find_datastore(connection_, *workspace_, name);
    // The workspace is made with the run, so it has what every workspace has.
    if (name.empty() || catalog::is_built_in_datastore(name))
      return catalog::Datastore{.name = name.empty() ? std::string(catalog::kBuiltInDatastores[0]) : name, .path = {}, .created_at = std::nullopt};
    return Error(ErrorCode::kNotFound, fmt::format("the workspace has no datastore \"{}\"", to_valid_utf8(name)));
  }

  Result<std::vector<DataSource>> sources_of(const DataBinding& binding) {
    if (!workspace_)
      return Error(ErrorCode::kNotFound, fmt::format("the workspace has no dataset with the id \"{}\"", to_valid_utf8(binding.dataset)));
    TRY(const auto dataset, catalog::find_dataset(connection_, *workspace_, binding.dataset));
    std::vector<DataSource> sources;
    if (binding.mode == DataMode::kDirect) return sources;
    for (const auto& path : dataset.definition.paths) {
      if (!path.url.empty())
        return Error(ErrorCode::kUnsupported, fmt::format("the dataset has files of the web ({}), which are not laid out by the server", path.url))
            .hint("submit it with the SDK, which stores them in the default datastore first, or download it in the script");
      TRY(const auto datastore, find(path.datastore));
      TRY(auto root, folder(datastore));
      sources.push_back({datastore.name, std::move(root), path.path});
    }
    return sources;
  }

  db::Connection& connection_;
  const std::string& datastores_;
  std::optional<WorkspaceId> workspace_;
};

void add(const Error& error, std::size_t index, std::string_view field, std::vector<Mistake>& mistakes) {
  auto text = error.message();
  if (!error.hint_text().empty()) text += "; " + error.hint_text();
  mistakes.push_back({fmt::format("data[{}].{}", index, field), std::move(text)});
}

bool is_of_the_user(const Error& error) {
  return error.code() == ErrorCode::kNotFound || error.code() == ErrorCode::kUnsupported || error.code() == ErrorCode::kInvalidInput ||
         error.code() == ErrorCode::kInputTooLarge;
}

bool must_exist(const DataBinding& binding) {
  return (binding.role == DataRole::kInput && binding.mode != DataMode::kDirect) || binding.mode == DataMode::kDownload;
}

Status look_at(const DataPlan& plan) {
  for (const auto& source : plan.sources) CHECK_OK(data::Folder::open(source.root));
  if (must_exist(plan.binding)) CHECK_OK(data::find_files(plan.sources));
  return ok();
}

}  // namespace

Result<std::string> folder_of(const std::string& datastores, const WorkspaceId& workspace, const catalog::Datastore& datastore) {
  if (!datastore.is_built_in()) return datastore.path;
  auto path = fmt::format("{}/{}/{}", datastores, workspace.text(), datastore.name);
  CHECK_OK(io::make_directories(path));
  return path;
}

Result<ResolvedData> resolve_data(db::Connection& connection, const std::string& datastores, const RunSpec& spec) {
  TRY(const auto workspace, catalog::look_up_workspace(connection, spec.workspace));
  Resolving resolving(connection, datastores, workspace ? std::optional(workspace->id) : std::nullopt);
  ResolvedData resolved{.bindings = spec.data, .plans = {}, .at = {}, .mistakes = {}};
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < spec.data.size(); ++i) {
    auto plan = resolving.plan(spec.data[i]);
    if (!plan && !is_of_the_user(plan.error())) return plan.error();
    if (!plan) {
      add(plan.error(), i, spec.data[i].role == DataRole::kInput ? "dataset" : "datastore", resolved.mistakes);
      continue;
    }
    for (const auto& source : plan->sources) bytes += source.path.size() + source.datastore.size() + 8;
    resolved.bindings[i] = plan->binding;
    if (!workspace) continue;  // its folders are made with it
    resolved.plans.push_back(std::move(*plan));
    resolved.at.push_back(i);
  }
  if (bytes > kMaxPathBytes)
    resolved.mistakes.push_back(
        {"data", fmt::format("the inputs name {} bytes of paths, at most {} are allowed; use folders or patterns", bytes, kMaxPathBytes)});
  return resolved;
}

void look_at_data(ResolvedData& resolved) {
  for (std::size_t i = 0; i < resolved.plans.size(); ++i) {
    const auto& plan = resolved.plans[i];
    if (const auto good = look_at(plan); !good)
      add(good.error(), resolved.at[i], plan.binding.role == DataRole::kInput ? "dataset" : "path", resolved.mistakes);
  }
}

void name_outputs(Run& run) {
  for (auto& binding : run.spec.data) {
    if (binding.role == DataRole::kOutput) binding.path = expand_destination(binding.path, run.id.text(), binding.name);
  }
}

Result<std::vector<DataPlan>> data_plans(db::Connection& connection, const std::string& datastores, const Run& run) {
  Resolving resolving(connection, datastores, run.workspace);
  std::vector<DataPlan> plans;
  for (const auto& binding : run.spec.data) {
    TRY(auto plan, resolving.plan(binding));
    plans.push_back(std::move(plan));
  }
  return plans;
}

}  // namespace stoker::runs
