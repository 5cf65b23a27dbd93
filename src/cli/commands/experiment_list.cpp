#include "cli/commands/commands.hpp"
#include "cli/names.hpp"
#include "cli/output/table.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

class ExperimentList final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.text("-w,--workspace", "NAME", workspace_, "of this workspace (default: that of config.json, else default)", Values::kWorkspace);
  }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto workspace, workspace_id(client, workspace_));
    TRY(const auto record, client.experiments(workspace));
    if (context.as_json) {
      context.print(record);
      return 0;
    }
    Table table({{"EXPERIMENT", false, true}, {"RUNS", true}, {"CREATED"}});
    for (const auto& item : client::array_of(record, "experiments")) {
      if (!item.is_object()) continue;
      const auto& experiment = item.get_object();
      table.add({client::text_of(experiment, "name"), std::to_string(client::integer_of(experiment, "run_count")),
                 client::text_of(experiment, "created_at").substr(0, 19)});
    }
    if (table.empty()) context.say("no experiments; a run's --experiment makes one");
    else context.out.write(table.render(context.out.terminal()));
    return 0;
  }

 private:
  std::string workspace_;
};

}  // namespace

std::unique_ptr<Command> make_experiment_list() { return std::make_unique<ExperimentList>(); }

}  // namespace stoker::cli
