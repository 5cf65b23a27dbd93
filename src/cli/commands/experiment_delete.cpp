#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/names.hpp"

namespace stoker::cli {
namespace {

class ExperimentDelete final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("NAME", name_, "the experiment", Values::kExperiment);
    arguments.text("-w,--workspace", "NAME", workspace_, "of this workspace (default: that of config.json, else default)", Values::kWorkspace);
  }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto workspace, workspace_id(client, workspace_));
    CHECK_OK(client.delete_experiment(workspace, name_));
    if (context.as_json) context.print(json::object{{"deleted", name_}});
    else context.say(fmt::format("experiment {} is gone", name_));
    return 0;
  }

 private:
  std::string name_, workspace_;
};

}  // namespace

std::unique_ptr<Command> make_experiment_delete() { return std::make_unique<ExperimentDelete>(); }

}  // namespace stoker::cli
