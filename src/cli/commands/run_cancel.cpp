#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/names.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

class RunCancel final : public Command {
 public:
  void declare(Arguments& arguments) override { arguments.operands("RUN", runs_, "ids, beginnings of them, or latest", Values::kRun); }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    // All names are looked up first: a slip in the third cancels nothing.
    std::vector<RunId> ids;
    for (const auto& name : runs_) {
      TRY(const auto run, client::resolve_run(client, name));
      ids.push_back(client::run_id(run));
    }
    json::array records;
    for (const auto& id : ids) {
      TRY(const auto run, client.cancel(id, user_at_host()));
      context.say(
          fmt::format("run {} {}", id.text(), client::is_over(run) ? client::ending(run) : "is being ended: SIGTERM, and SIGKILL after its grace"));
      records.push_back(run);
    }
    if (context.as_json) context.print(json::object{{"runs", std::move(records)}});
    return 0;
  }

 private:
  std::vector<std::string> runs_;
};

}  // namespace

std::unique_ptr<Command> make_run_cancel() { return std::make_unique<RunCancel>(); }

}  // namespace stoker::cli
