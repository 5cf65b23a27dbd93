#include <algorithm>

#include <fmt/format.h>

#include "base/suggest.hpp"
#include "cli/commands/commands.hpp"
#include "cli/output/metrics_text.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

class RunMetrics final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("RUN", run_, "an id, the beginning of one, or latest", Values::kRun);
    arguments.operands("NAME", names_, "only these metrics", Values::kAny, false);
    arguments.flag("--no-charts", no_charts_, "the table alone");
  }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto run, client::resolve_run(client, run_));
    TRY(auto record, client.metrics(client::run_id(run)));
    CHECK_OK(keep_named(record));
    if (context.as_json) {
      context.print(record);
      return 0;
    }
    const auto metrics = read_metrics(record);
    if (metrics.empty()) context.say("the run has logged no metrics");
    context.out.write(metrics_table(metrics, context.out.terminal()));
    if (!no_charts_) context.out.write(metric_details(metrics, context.out.terminal()));
    return 0;
  }

 private:
  Status keep_named(json::object& record) {
    if (names_.empty()) return ok();
    std::vector<std::string> known;
    json::array kept;
    for (const auto& metric : client::array_of(record, "metrics")) {
      known.push_back(metric.is_object() ? client::text_of(metric.get_object(), "name") : "");
      if (std::ranges::find(names_, known.back()) != names_.end()) kept.push_back(metric);
    }
    for (const auto& name : names_) {
      if (std::ranges::find(known, name) == known.end())
        return Error(ErrorCode::kNotFound, fmt::format("the run has no metric \"{}\"", name)).hint(did_you_mean(name, known));
    }
    record["metrics"] = std::move(kept);
    return ok();
  }

  std::string run_;
  std::vector<std::string> names_;
  bool no_charts_ = false;
};

}  // namespace

std::unique_ptr<Command> make_run_metrics() { return std::make_unique<RunMetrics>(); }

}  // namespace stoker::cli
