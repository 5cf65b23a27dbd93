#include "cli/commands/commands.hpp"
#include "cli/output/run_text.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

class RunShow final : public Command {
 public:
  void declare(Arguments& arguments) override { arguments.operand("RUN", run_, "an id, the beginning of one, or latest", Values::kRun); }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(auto run, client::resolve_run(client, run_));
    TRY(auto data, client.run_datasets(client::run_id(run)));
    run["datasets"] = std::move(data["datasets"]);
    if (context.as_json) context.print(run);
    else context.out.write(run_page(run, context.out.terminal(), SystemClock().now()));
    return 0;
  }

 private:
  std::string run_;
};

}  // namespace

std::unique_ptr<Command> make_run_show() { return std::make_unique<RunShow>(); }

}  // namespace stoker::cli
