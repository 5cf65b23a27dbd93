#include "cli/commands/commands.hpp"
#include "cli/output/samples_text.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

class RunSamples final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("RUN", run_, "an id, the beginning of one, or latest", Values::kRun);
    arguments.flag("--no-charts", no_charts_, "the table alone");
  }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto run, client::resolve_run(client, run_));
    TRY(const auto record, client.samples(client::run_id(run)));
    if (context.as_json) {
      context.print(record);
      return 0;
    }
    const auto series = read_samples(record);
    if (series.empty()) context.say("nothing is known of what the run used: it has not started, or never did");
    context.out.write(samples_table(series, context.out.terminal()));
    if (!no_charts_) context.out.write(samples_charts(series, context.out.terminal()));
    return 0;
  }

 private:
  std::string run_;
  bool no_charts_ = false;
};

}  // namespace

std::unique_ptr<Command> make_run_samples() { return std::make_unique<RunSamples>(); }

}  // namespace stoker::cli
