#include "cli/commands/commands.hpp"
#include "cli/output/table.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

class RunEvents final : public Command {
 public:
  void declare(Arguments& arguments) override { arguments.operand("RUN", run_, "an id, the beginning of one, or latest", Values::kRun); }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto run, client::resolve_run(client, run_));
    TRY(const auto record, client.events(client::run_id(run)));
    if (context.as_json) {
      context.print(record);
      return 0;
    }
    Table table({{"TIME"}, {"EVENT"}, {"MESSAGE", false, true}});
    for (const auto& item : client::array_of(record, "events")) {
      if (!item.is_object()) continue;
      const auto& event = item.get_object();
      table.add({client::text_of(event, "time"), client::text_of(event, "kind"), client::text_of(event, "message")});
    }
    if (table.empty()) context.say("nothing has happened to the run");
    else context.out.write(table.render(context.out.terminal()));
    return 0;
  }

 private:
  std::string run_;
};

}  // namespace

std::unique_ptr<Command> make_run_events() { return std::make_unique<RunEvents>(); }

}  // namespace stoker::cli
