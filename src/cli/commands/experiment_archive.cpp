#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/names.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

/// `archive` and `reactivate` differ in a word.
class ExperimentArchive final : public Command {
 public:
  explicit ExperimentArchive(bool archives) : archives_(archives) {}
  void declare(Arguments& arguments) override {
    arguments.operand("NAME", name_, "the experiment", Values::kExperiment);
    arguments.text("-w,--workspace", "NAME", workspace_, "of this workspace (default: that of config.json, else default)", Values::kWorkspace);
  }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto workspace, workspace_id(client, workspace_));
    TRY(const auto experiment, client.update_experiment(workspace, name_, json::object{{"archived", archives_}}));
    if (context.as_json) context.print(experiment);
    else
      context.say(fmt::format("experiment {} is {}", name_, archives_ ? "archived; `stoker experiment reactivate` brings it back" : "active again"));
    return 0;
  }

 private:
  bool archives_;
  std::string name_, workspace_;
};

}  // namespace

std::unique_ptr<Command> make_experiment_archive() { return std::make_unique<ExperimentArchive>(true); }
std::unique_ptr<Command> make_experiment_reactivate() { return std::make_unique<ExperimentArchive>(false); }

}  // namespace stoker::cli
