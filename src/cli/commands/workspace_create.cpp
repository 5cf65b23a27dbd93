#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/names.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

class WorkspaceCreate final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("NAME", name_, "NAME or SUBSCRIPTION/GROUP/NAME");
    arguments.flag("--exist-ok", exist_ok_, "no error when it is there already");
  }

  Result<int> run(Context& context) override {
    TRY(const auto name, parse_workspace(name_));
    TRY(auto client, context.connect());
    TRY(const auto record, client.create_workspace(name, exist_ok_));
    if (context.as_json) {
      context.print(record);
      return 0;
    }
    context.out.line(client::text_of(record, "id"));
    context.say(fmt::format("`stoker run submit --workspace {} -- python train.py` adds a run", name_));
    return 0;
  }

 private:
  std::string name_;
  bool exist_ok_ = false;
};

}  // namespace

std::unique_ptr<Command> make_workspace_create() { return std::make_unique<WorkspaceCreate>(); }

}  // namespace stoker::cli
