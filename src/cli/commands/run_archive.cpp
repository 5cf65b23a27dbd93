#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/names.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

/// `archive` and `restore` differ in a word.
class RunArchive final : public Command {
 public:
  explicit RunArchive(bool archives) : archives_(archives) {}
  void declare(Arguments& arguments) override { arguments.operands("RUN", runs_, "ids, beginnings of them, or latest", Values::kRun); }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    // All names are looked up first: a slip in the third changes nothing.
    std::vector<RunId> ids;
    for (const auto& name : runs_) {
      TRY(const auto run, client::resolve_run(client, name));
      ids.push_back(client::run_id(run));
    }
    json::array records;
    for (const auto& id : ids) {
      TRY(const auto run, client.set_archived(id, archives_, user_at_host()));
      context.say(fmt::format("run {} is {}", id.text(), archives_ ? "archived; `stoker run restore` brings it back" : "back"));
      records.push_back(run);
    }
    if (context.as_json) context.print(json::object{{"runs", std::move(records)}});
    return 0;
  }

 private:
  bool archives_;
  std::vector<std::string> runs_;
};

}  // namespace

std::unique_ptr<Command> make_run_archive() { return std::make_unique<RunArchive>(true); }
std::unique_ptr<Command> make_run_restore() { return std::make_unique<RunArchive>(false); }

}  // namespace stoker::cli
