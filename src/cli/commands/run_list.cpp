#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/names.hpp"
#include "cli/output/run_text.hpp"
#include "cli/output/table.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

constexpr std::int64_t kPage = 200;

class RunList final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("FILTER", filter_.filter, "only runs of which this is true: \"metrics.acc > 0.9 and params.lr = '0.1'\"", Values::kAny, false);
    arguments.texts("--order-by", "FIELD", filter_.order_by, "such as \"metrics.acc desc\"; several times, the first counts most");
    arguments.flag("--explain", filter_.explain, "also tell how the runs were found");
    arguments.text("-e,--experiment", "NAME", filter_.experiment, "only runs of this experiment", Values::kExperiment);
    arguments.choice("--state", "STATE", filter_.state, state_names(), "only runs in this state: Queued, Running, Completed, Failed …");
    arguments.text("-w,--workspace", "NAME", workspace_, "only runs of this workspace", Values::kWorkspace);
    arguments.text("--parent", "RUN", filter_.parent, "only children of this run", Values::kRun);
    arguments.choice("--view", "VIEW", filter_.view, {"active", "archived", "all"}, "active (default), archived or all");
    arguments.number("--limit", "N", limit_, 1, 100'000, "at most so many (default: 20)");
    arguments.flag("--all", all_, "no limit");
  }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    CHECK_OK(complete_filter(client));
    TRY(const auto page, read_pages(client));
    if (context.as_json) context.print(page);
    else show(context, page);
    return 0;
  }

 private:
  Status complete_filter(client::Client& client) {
    if (!workspace_.empty()) {
      TRY(filter_.workspace_id, workspace_id(client, workspace_));
    } else if (!filter_.experiment.empty()) {
      TRY(filter_.workspace_id, workspace_of_experiment(client, filter_.experiment));
    }
    if (!filter_.parent.empty()) {
      TRY(const auto parent, client::resolve_run(client, filter_.parent));
      filter_.parent = client::run_id(parent).text();
    }
    return ok();
  }

  Result<json::object> read_pages(client::Client& client) {
    json::array runs;
    json::value next;
    const auto wanted = [&] { return all_ ? kPage : std::min(kPage, limit_ - static_cast<std::int64_t>(runs.size())); };
    json::array plan;
    while (wanted() > 0) {
      filter_.limit = static_cast<int>(wanted());
      TRY(const auto page, client.runs(filter_));
      for (const auto& run : client::array_of(page, "runs")) runs.push_back(run);
      for (const auto& line : client::array_of(page, "plan")) plan.push_back(line);
      filter_.cursor = client::text_of(page, "next_cursor");
      next = json_or_null(filter_.cursor.empty() ? std::nullopt : std::optional(filter_.cursor));
      if (filter_.cursor.empty()) break;
    }
    return json::object{{"runs", std::move(runs)}, {"next_cursor", std::move(next)}, {"plan", std::move(plan)}};
  }

  void show(Context& context, const json::object& page) const {
    const auto& terminal = context.out.terminal();
    const auto now = SystemClock().now();
    Table table({{"RUN", false, true},
                 {"STATE"},
                 {"SUBMITTED"},
                 {"TIME", true},
                 {"EXPERIMENT", false, true},
                 {"NAME", false, true},
                 {"PROGRAM", false, true}});
    for (const auto& item : client::array_of(page, "runs")) {
      if (!item.is_object()) continue;
      const auto& run = item.get_object();
      const auto created = client::time_of(run, "created_at");
      const auto time = client::run_time(run, now);
      table.add({client::run_id(run).text(), state_text(client::text_of(run, "state"), terminal), created ? age(*created, now) : "",
                 time ? format_duration(*time) : "", client::text_of(run, "experiment"), client::text_of(run, "display_name"), program_line(run)});
    }
    for (const auto& line : client::array_of(page, "plan"))
      if (line.is_string()) context.say(std::string(line.get_string()));
    if (table.empty() && !filter_.filter.empty()) return context.say("no run is so");
    if (table.empty()) return context.say("no runs; `stoker run submit -- python train.py` makes one");
    context.out.write(table.render(terminal));
    if (client::is_set(page, "next_cursor")) context.say("there are more; --limit N or --all shows them");
  }

  client::RunFilter filter_;
  std::string workspace_;
  std::int64_t limit_ = 20;
  bool all_ = false;
};

}  // namespace

std::unique_ptr<Command> make_run_list() { return std::make_unique<RunList>(); }

}  // namespace stoker::cli
