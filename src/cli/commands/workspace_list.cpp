#include "cli/commands/commands.hpp"
#include "cli/output/table.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

class WorkspaceList final : public Command {
 public:
  void declare(Arguments&) override {}

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto record, client.workspaces());
    if (context.as_json) {
      context.print(record);
      return 0;
    }
    Table table({{"WORKSPACE", false, true}, {"RESOURCE GROUP", false, true}, {"SUBSCRIPTION", false, true}, {"CREATED"}});
    for (const auto& item : client::array_of(record, "workspaces")) {
      if (!item.is_object()) continue;
      const auto& workspace = item.get_object();
      table.add({client::text_of(workspace, "name"), client::text_of(workspace, "resource_group"), client::text_of(workspace, "subscription_id"),
                 client::text_of(workspace, "created_at").substr(0, 19)});
    }
    if (table.empty()) context.say("no workspaces; the first run makes the default one");
    else context.out.write(table.render(context.out.terminal()));
    return 0;
  }
};

}  // namespace

std::unique_ptr<Command> make_workspace_list() { return std::make_unique<WorkspaceList>(); }

}  // namespace stoker::cli
