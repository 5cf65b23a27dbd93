#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/output/run_text.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

class RunFiles final : public Command {
 public:
  void declare(Arguments& arguments) override { arguments.operand("RUN", run_, "an id, the beginning of one, or latest", Values::kRun); }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto run, client::resolve_run(client, run_));
    TRY(const auto files, client.files(client::run_id(run)));
    if (context.as_json) {
      context.print(files);
      return 0;
    }
    const auto table = files_table(files, context.out.terminal(), true);
    if (table.empty()) context.say("the run has no files");
    context.out.write(table);
    if (!table.empty()) context.say(fmt::format("`stoker run download {}` downloads them", client::run_id(run).text()));
    return 0;
  }

 private:
  std::string run_;
};

}  // namespace

std::unique_ptr<Command> make_run_files() { return std::make_unique<RunFiles>(); }

}  // namespace stoker::cli
