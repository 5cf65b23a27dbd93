#include "cli/commands/commands.hpp"
#include "cli/names.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

class WorkspaceUpdate final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("NAME", name_, "NAME or SUBSCRIPTION/GROUP/NAME", Values::kWorkspace);
    arguments.text("--friendly-name", "TEXT", friendly_name_, "a name for people");
    arguments.text("--description", "TEXT", description_, "what it is for");
    arguments.texts("--tag", "KEY=VALUE", tags_, "set a tag; may be given many times");
    arguments.texts("--remove-tag", "KEY", remove_tags_, "take a tag off");
  }

  Result<int> run(Context& context) override {
    json::object changes;
    if (friendly_name_) changes["friendly_name"] = *friendly_name_;
    if (description_) changes["description"] = *description_;
    json::object tags;
    for (const auto& tag : tags_) {
      TRY(const auto pair, split_pair(tag));
      tags[pair.first] = pair.second;
    }
    if (!tags.empty()) changes["tags"] = std::move(tags);
    if (!remove_tags_.empty()) changes["remove_tags"] = json::value_from(remove_tags_);
    if (changes.empty())
      return Error(ErrorCode::kInvalidInput, "there is nothing to change").hint("`stoker workspace update --help` lists what can be");
    TRY(auto client, context.connect());
    TRY(const auto workspace, workspace_id(client, name_));
    TRY(const auto record, client.update_workspace(workspace, changes));
    if (context.as_json) context.print(record);
    else context.say("the workspace is changed; `stoker workspace show` shows it");
    return 0;
  }

 private:
  std::string name_;
  std::optional<std::string> friendly_name_, description_;
  std::vector<std::string> tags_, remove_tags_;
};

}  // namespace

std::unique_ptr<Command> make_workspace_update() { return std::make_unique<WorkspaceUpdate>(); }

}  // namespace stoker::cli
