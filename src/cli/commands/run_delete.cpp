#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/names.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

class RunDelete final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.operands("RUN", runs_, "ids, beginnings of them, or latest", Values::kRun);
    arguments.flag("--children", children_, "with all runs below it");
  }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    // All names are looked up first: a slip in the third deletes nothing.
    std::vector<RunId> ids;
    for (const auto& name : runs_) {
      TRY(const auto run, client::resolve_run(client, name));
      ids.push_back(client::run_id(run));
    }
    json::array deleted;
    for (const auto& id : ids) {
      CHECK_OK(client.delete_run(id, children_));
      context.say(fmt::format("run {} is gone", id.text()));
      deleted.emplace_back(id.text());
    }
    if (context.as_json) context.print(json::object{{"deleted", std::move(deleted)}});
    return 0;
  }

 private:
  std::vector<std::string> runs_;
  bool children_ = false;
};

}  // namespace

std::unique_ptr<Command> make_run_delete() { return std::make_unique<RunDelete>(); }

}  // namespace stoker::cli
