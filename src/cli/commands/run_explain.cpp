#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/output/run_text.hpp"
#include "cli/output/text.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

class RunExplain final : public Command {
 public:
  void declare(Arguments& arguments) override { arguments.operand("RUN", run_, "an id, the beginning of one, or latest", Values::kRun); }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto run, client::resolve_run(client, run_));
    TRY(const auto record, client.explain(client::run_id(run)));
    if (context.as_json) {
      context.print(record);
      return 0;
    }
    const auto state = client::text_of(record, "state");
    context.out.line(fmt::format("{}  {}", client::run_id(run).text(), state_text(state, context.out.terminal())));
    for (const auto& reason : client::array_of(record, "reasons")) context.out.line("  " + harmless(client::shown(reason), false));
    if (client::is_set(record, "ahead") && client::integer_of(record, "ahead") > 0)
      context.out.line(fmt::format("  {} ahead of it in the queue", client::integer_of(record, "ahead")));
    return 0;
  }

 private:
  std::string run_;
};

}  // namespace

std::unique_ptr<Command> make_run_explain() { return std::make_unique<RunExplain>(); }

}  // namespace stoker::cli
