#include <fmt/format.h>

#include "base/random.hpp"
#include "cli/commands/commands.hpp"
#include "cli/names.hpp"
#include "client/console/tracking.hpp"
#include "client/git.hpp"
#include "client/mlflow_address.hpp"
#include "client/python_tree.hpp"
#include "client/records.hpp"
#include "client/submit.hpp"
#include "io/process.hpp"

namespace stoker::cli {
namespace {

constexpr std::size_t kLongestCommand = 1000;

class Track final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.text("-e,--experiment", "NAME", experiment_, "group the run under this experiment (default: default)", Values::kExperiment);
    arguments.text("-n,--name", "NAME", name_, "a name for people; one is made up otherwise");
    arguments.texts("-t,--tag", "KEY[=VALUE]", tags_, "a tag; repeat for more");
    arguments.text("-w,--workspace", "NAME", workspace_, "NAME or SUBSCRIPTION/GROUP/NAME (default: that of config.json, else default)",
                   Values::kWorkspace);
    arguments.flag("--no-git", no_git_, "do not record the state of git");
    arguments.rest("PROGRAM [ARGUMENTS]", program_, "what to run, as a shell would start it");
  }

  Result<int> run(Context& context) override {
    TRY(const auto wish, read(context));
    TRY(auto client, context.connect());
    client::send_leftovers(context.variables);
    TRY(const auto run, begin(client, wish));
    const auto id = client::run_id(run).text();
    context.say(fmt::format("run {} is tracked; `stoker run logs -f {}` follows it", id, id));
    TRY(const auto request, request_for(context, client, run));
    TRY(const auto end, client::track(request));
    if (!end.is_delivered)
      context.say(fmt::format("the server does not answer: the end of run {} is kept on this machine and sent when the server is back", id));
    return end.exit_code;
  }

 private:
  /// The body of POST /runs/interactive; all mistakes at once, before anything is begun.
  Result<json::object> read(Context& context) {
    std::vector<Mistake> mistakes;
    json::object tags;
    for (const auto& text : tags_) {
      const auto equals = text.find('=');
      if (equals == 0 || text.empty()) mistakes.push_back({"--tag", fmt::format("\"{}\" is not KEY or KEY=VALUE", text)});
      else tags[text.substr(0, equals)] = equals == std::string::npos ? json::value(nullptr) : json::value(text.substr(equals + 1));
    }
    auto workspace = workspace_.empty() ? client::configured_workspace(".") : [&]() -> Result<std::optional<WorkspaceName>> {
      TRY(auto named, parse_workspace(workspace_));
      return std::optional(std::move(named));
    }();
    if (!workspace) mistakes.push_back({"--workspace", workspace.error().message()});
    find_program(context, mistakes);
    CHECK_OK(mistakes_to_status("the program cannot be tracked", std::move(mistakes)));
    const auto name = workspace->value_or(WorkspaceName());
    auto git = no_git_ ? client::GitState() : client::git_state(".", context.variables);
    git.properties["stoker.command"] = to_valid_utf8(fmt::format("{}", fmt::join(program_, " ")).substr(0, kLongestCommand));
    return json::object{
        {"workspace", json::object{{"subscription_id", name.subscription_id}, {"resource_group", name.resource_group}, {"name", name.name}}},
        {"experiment", experiment_.empty() ? "default" : experiment_},
        {"display_name", name_.empty() ? json::value(nullptr) : json::value(name_)},
        {"tags", std::move(tags)},
        {"properties", to_json(git.properties)},
        {"diff", json_or_null(git.diff)},
        {"source_directory", client::whole_path(".")},
        {"submitted_by", user_at_host()}};
  }

  void find_program(Context& context, std::vector<Mistake>& mistakes) {
    if (program_.empty()) {
      mistakes.push_back({"PROGRAM", "is missing: stoker track -- python train.py"});
      return;
    }
    const auto found = io::find_program(program_[0], client::variable(context.variables, "PATH"));
    if (found) path_ = *found;
    else mistakes.push_back({"PROGRAM", fmt::format("{} was not found, or is no program", program_[0])});
  }

  static Result<json::object> begin(client::Client& client, const json::object& wish) {
    const json::value body = json::object{{"runs", json::array{wish}}};
    TRY(const auto answer, client.call("POST", "/api/v1/runs/interactive", &body, {{"Idempotency-Key", SystemRandom().hex(16)}}));
    const auto& runs = client::array_of(answer, "runs");
    if (runs.empty() || !runs[0].is_object()) return Error(ErrorCode::kProtocol, "the server's answer names no run");
    return json::object(runs[0].get_object());
  }

  Result<client::TrackRequest> request_for(Context& context, client::Client& client, const json::object& run) {
    client::TrackRequest request;
    request.program = program_;
    request.program[0] = path_;
    request.variables = context.variables;
    TRY(request.program_variables, variables_of(context, client, run));
    const auto instance = client::server_instance(client.endpoint().url);
    request.session = {.run = client::run_id(run),
                       .instance = instance ? *instance : "",
                       .owns = true,
                       .interpreter = interpreter(),
                       .owner = ::getpid(),
                       .writer = 0};
    return request;
  }

  /// The environment that is told: of a Python program its own, else that of the Python on PATH.
  std::string interpreter() const {
    const auto name = path_.substr(path_.rfind('/') + 1);
    return name.starts_with("python") ? client::whole_path(path_) : "python3";
  }

  /// What a submitted run's program would find: who it is, and the way to the server with the user's own token.
  static Result<client::Variables> variables_of(Context& context, client::Client& client, const json::object& run) {
    TRY(const auto experiment, client.experiment(client::text_of(run, "workspace_id"), client::text_of(run, "experiment")));
    const auto& endpoint = client.endpoint();
    const auto& workspace = client::object_of(client::object_of(run, "spec"), "workspace");
    const auto id = client::run_id(run).text();
    auto variables = context.variables;
    for (const auto& [name, value] : client::Variables{{"STOKER_RUN_ID", id},
                                                       {"AZUREML_RUN_ID", id},
                                                       {"AZUREML_ROOT_RUN_ID", id},
                                                       {"AZUREML_RUN_TOKEN", endpoint.token},
                                                       {"AZUREML_SERVICE_ENDPOINT", endpoint.url},
                                                       {"AZUREML_ARM_SUBSCRIPTION", client::text_of(workspace, "subscription_id")},
                                                       {"AZUREML_ARM_RESOURCEGROUP", client::text_of(workspace, "resource_group")},
                                                       {"AZUREML_ARM_WORKSPACE_NAME", client::text_of(workspace, "name")},
                                                       {"AZUREML_ARM_PROJECT_NAME", client::text_of(run, "experiment")},
                                                       {"AZUREML_EXPERIMENT_ID", client::text_of(run, "experiment_id")},
                                                       {"AZUREML_WORKSPACE_ID", client::text_of(run, "workspace_id")},
                                                       {"MLFLOW_TRACKING_URI", client::mlflow_address(endpoint.url, workspace)},
                                                       {"MLFLOW_TRACKING_TOKEN", endpoint.token},
                                                       {"MLFLOW_RUN_ID", id},
                                                       {"MLFLOW_EXPERIMENT_ID", std::to_string(client::integer_of(experiment, "number"))},
                                                       {"MLFLOW_EXPERIMENT_NAME", client::text_of(run, "experiment")}})
      variables[name] = value;
    variables.emplace("PYTHONUNBUFFERED", "1");
    const auto tree = client::python_tree_beside(io::own_executable());
    auto& path = variables["PYTHONPATH"];
    if (!tree.empty()) path = path.empty() ? tree : tree + ":" + path;
    return variables;
  }

  std::string experiment_, name_, workspace_, path_;
  std::vector<std::string> tags_, program_;
  bool no_git_ = false;
};

}  // namespace

std::unique_ptr<Command> make_track() { return std::make_unique<Track>(); }

}  // namespace stoker::cli
