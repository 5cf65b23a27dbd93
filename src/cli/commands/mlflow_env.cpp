#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/names.hpp"
#include "client/mlflow_address.hpp"
#include "client/records.hpp"
#include "client/submit.hpp"

namespace stoker::cli {
namespace {

class MlflowEnv final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.text("-w,--workspace", "NAME", workspace_, "NAME or SUBSCRIPTION/GROUP/NAME (default: that of config.json, else default)",
                   Values::kWorkspace);
    arguments.choice("--shell", "SHELL", shell_, {"sh", "fish"}, "whose language to speak: sh (also bash and zsh) or fish (default: sh)");
  }

  Result<int> run(Context& context) override {
    WorkspaceName name;
    if (!workspace_.empty()) {
      TRY(name, parse_workspace(workspace_));
    } else {
      TRY(const auto configured, client::configured_workspace("."));
      name = configured.value_or(WorkspaceName());
    }
    TRY(auto client, context.connect());
    json::object workspace{{"subscription_id", name.subscription_id}, {"resource_group", name.resource_group}, {"name", name.name}};
    // The default workspace is made at its first use; another one must be there.
    if (!(name == WorkspaceName())) {
      TRY(workspace, client.find_workspace(name));
    }
    const json::object variables{{"MLFLOW_TRACKING_URI", client::mlflow_address(client.endpoint().url, workspace)},
                                 {"MLFLOW_TRACKING_TOKEN", client.endpoint().token}};
    if (context.as_json) {
      context.print(variables);
      return 0;
    }
    for (const auto& [key, value] : variables)
      context.out.line(fmt::format("{} {}{}'{}';", shell_ == "fish" ? "set -gx" : "export", std::string_view(key), shell_ == "fish" ? " " : "=",
                                   std::string_view(value.get_string())));
    if (context.out.is_terminal())
      context.say(shell_ == "fish" ? "for this shell: stoker mlflow env --shell fish | source" : "for this shell: eval \"$(stoker mlflow env)\"");
    return 0;
  }

 private:
  std::string workspace_, shell_ = "sh";
};

}  // namespace

std::unique_ptr<Command> make_mlflow_env() { return std::make_unique<MlflowEnv>(); }

}  // namespace stoker::cli
