#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/names.hpp"

namespace stoker::cli {
namespace {

class WorkspaceDelete final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("NAME", name_, "NAME or SUBSCRIPTION/GROUP/NAME", Values::kWorkspace);
    arguments.flag("--force", force_, "with all its runs");
  }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto workspace, workspace_id(client, name_));
    CHECK_OK(client.delete_workspace(workspace, force_));
    if (context.as_json) context.print(json::object{{"deleted", name_}});
    else context.say(fmt::format("workspace {} is gone", name_));
    return 0;
  }

 private:
  std::string name_;
  bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> make_workspace_delete() { return std::make_unique<WorkspaceDelete>(); }

}  // namespace stoker::cli
