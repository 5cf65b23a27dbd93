#include "cli/commands/commands.hpp"
#include "cli/names.hpp"
#include "cli/output/run_text.hpp"
#include "cli/output/table.hpp"
#include "cli/output/text.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

constexpr int kLatestRuns = 10;

class ExperimentShow final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("NAME", name_, "the experiment", Values::kExperiment);
    arguments.text("-w,--workspace", "NAME", workspace_, "of this workspace (default: that of config.json, else default)", Values::kWorkspace);
  }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto workspace, workspace_id(client, workspace_));
    TRY(const auto experiment, client.experiment(workspace, name_));
    if (context.as_json) {
      context.print(experiment);
      return 0;
    }
    TRY(const auto page, client.runs({.workspace_id = workspace, .experiment = client::text_of(experiment, "name"), .limit = kLatestRuns}));
    context.out.line(context.out.styled(harmless(client::text_of(experiment, "name"), false), Style::kBold));
    context.out.write(key_values({{"id", client::text_of(experiment, "id")},
                                  {"number", client::shown(experiment.contains("number") ? experiment.at("number") : json::value())},
                                  {"created", client::text_of(experiment, "created_at")},
                                  {"archived", client::text_of(experiment, "archived_at")},
                                  {"runs", std::to_string(client::integer_of(experiment, "run_count"))}}));
    Table table({{"LATEST RUNS", false, true}, {"STATE"}, {"NAME", false, true}});
    for (const auto& run : client::array_of(page, "runs")) {
      if (run.is_object())
        table.add({client::run_id(run.get_object()).text(), state_text(client::text_of(run.get_object(), "state"), context.out.terminal()),
                   client::text_of(run.get_object(), "display_name")});
    }
    if (!table.empty()) context.out.write("\n" + table.render(context.out.terminal()));
    return 0;
  }

 private:
  std::string name_, workspace_;
};

}  // namespace

std::unique_ptr<Command> make_experiment_show() { return std::make_unique<ExperimentShow>(); }

}  // namespace stoker::cli
