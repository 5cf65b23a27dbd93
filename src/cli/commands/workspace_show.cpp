#include "cli/commands/commands.hpp"
#include "cli/names.hpp"
#include "cli/output/table.hpp"
#include "cli/output/text.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

class WorkspaceShow final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("NAME", name_, "NAME or SUBSCRIPTION/GROUP/NAME (default: default)", Values::kWorkspace, false);
  }

  Result<int> run(Context& context) override {
    WorkspaceName name;
    if (!name_.empty()) {
      TRY(name, parse_workspace(name_));
    }
    TRY(auto client, context.connect());
    TRY(const auto record, client.find_workspace(name));
    if (context.as_json) {
      context.print(record);
      return 0;
    }
    context.out.line(context.out.styled(harmless(client::text_of(record, "name"), false), Style::kBold));
    context.out.write(key_values({{"id", client::text_of(record, "id")},
                                  {"resource group", client::text_of(record, "resource_group")},
                                  {"subscription", client::text_of(record, "subscription_id")},
                                  {"created", client::text_of(record, "created_at")}}));
    return 0;
  }

 private:
  std::string name_;
};

}  // namespace

std::unique_ptr<Command> make_workspace_show() { return std::make_unique<WorkspaceShow>(); }

}  // namespace stoker::cli
