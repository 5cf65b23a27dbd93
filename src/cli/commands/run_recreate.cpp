#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "client/records.hpp"
#include "client/recreation.hpp"
#include "client/submit.hpp"

namespace stoker::cli {
namespace {

class RunRecreate final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("RUN", run_, "an id, the beginning of one, or latest", Values::kRun);
    arguments.operand("DIR", directory_, "a folder that is not there yet, or empty", Values::kFolder);
  }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto run, client::resolve_run(client, run_));
    TRY(const auto made, client::recreate(client, run, client::whole_path(directory_)));
    if (context.as_json) {
      json::array files;
      for (const auto& file : made.files) files.emplace_back(file);
      context.print(json::object{{"run_id", client::run_id(run).text()},
                                 {"directory", made.directory},
                                 {"source", made.directory + "/source"},
                                 {"files", std::move(files)},
                                 {"submit", json::value_from(client::submit_words(run, made.directory + "/source"))}});
      return 0;
    }
    context.out.line(made.directory);
    context.say(fmt::format("{0}/README.md says what is there; {0}/run.sh runs it", directory_));
    return 0;
  }

 private:
  std::string run_, directory_;
};

}  // namespace

std::unique_ptr<Command> make_run_recreate() { return std::make_unique<RunRecreate>(); }

}  // namespace stoker::cli
