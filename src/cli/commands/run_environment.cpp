#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/output/table.hpp"
#include "cli/output/text.hpp"
#include "client/records.hpp"
#include "client/recreation.hpp"

namespace stoker::cli {
namespace {

class RunEnvironment final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("RUN", run_, "an id, the beginning of one, or latest", Values::kRun);
    arguments.flag("--requirements", requirements_, "the packages as pip takes them: NAME==VERSION");
  }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto run, client::resolve_run(client, run_));
    TRY(const auto record, client.environment(client::run_id(run)));
    if (!record)
      return Error(ErrorCode::kNotFound, fmt::format("the environment of run {} is not known", client::run_id(run).text()))
          .hint("it is told when the program has started; a run that never started has none");
    if (context.as_json) context.print(*record);
    else if (requirements_) context.out.write(client::requirements_of(*record));
    else show(context, *record);
    return 0;
  }

 private:
  static void show(Context& context, const json::object& record) {
    std::vector<std::pair<std::string, std::string>> lines;
    for (const auto* field : {"kind", "interpreter", "version", "host", "user", "platform"})
      lines.emplace_back(field, harmless(client::text_of(record, field), false));
    context.out.write(key_values(lines));
    Table table({{"PACKAGE", false, true}, {"VERSION", false, true}});
    for (const auto& package : client::array_of(record, "packages")) {
      if (package.is_object()) table.add({client::text_of(package.get_object(), "name"), client::text_of(package.get_object(), "version")});
    }
    if (!table.empty()) context.out.write("\n" + table.render(context.out.terminal()));
  }

  std::string run_;
  bool requirements_ = false;
};

}  // namespace

std::unique_ptr<Command> make_run_environment() { return std::make_unique<RunEnvironment>(); }

}  // namespace stoker::cli
