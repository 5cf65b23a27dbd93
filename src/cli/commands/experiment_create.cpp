#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/names.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

class ExperimentCreate final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("NAME", name_, "letters, digits, - and _");
    arguments.text("-w,--workspace", "NAME", workspace_, "in this workspace (default: that of config.json, else default)", Values::kWorkspace);
  }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto workspace, workspace_id(client, workspace_));
    TRY(const auto experiment, client.create_experiment(workspace, name_));
    if (context.as_json) {
      context.print(experiment);
      return 0;
    }
    context.out.line(client::text_of(experiment, "name"));
    context.say(fmt::format("`stoker run submit --experiment {} -- python train.py` adds a run", client::text_of(experiment, "name")));
    return 0;
  }

 private:
  std::string name_, workspace_;
};

}  // namespace

std::unique_ptr<Command> make_experiment_create() { return std::make_unique<ExperimentCreate>(); }

}  // namespace stoker::cli
