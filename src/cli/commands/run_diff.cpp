#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/comparison.hpp"
#include "cli/output/table.hpp"
#include "cli/output/text.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

class RunDiff final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("A", a_, "a run: an id, the beginning of one, or latest", Values::kRun);
    arguments.operand("B", b_, "the run to compare it with", Values::kRun);
  }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto a, client::resolve_run(client, a_));
    TRY(const auto b, client::resolve_run(client, b_));
    TRY(const auto metrics_a, client.metrics(client::run_id(a)));
    TRY(const auto metrics_b, client.metrics(client::run_id(b)));
    TRY(const auto files, snapshot_difference(client, a, b));
    const auto parameters = changes(parameters_of(a), parameters_of(b));
    const auto metrics = changes(latest_values(metrics_a), latest_values(metrics_b));
    const auto environment = changes(environment_of(a), environment_of(b));
    if (context.as_json) {
      context.print(json::object{{"a", client::run_id(a).text()},
                                 {"b", client::run_id(b).text()},
                                 {"parameters", to_json(parameters)},
                                 {"metrics", to_json(metrics)},
                                 {"files", files},
                                 {"environment", to_json(environment)}});
      return 0;
    }
    context.out.write(
        key_values({{"A", client::run_id(a).text() + "  " + client::ending(a)}, {"B", client::run_id(b).text() + "  " + client::ending(b)}}));
    show(context, "Parameters", parameters);
    show(context, "Metrics", metrics);
    show_files(context, files);
    show(context, "Environment", environment);
    return 0;
  }

 private:
  static Result<json::object> snapshot_difference(client::Client& client, const json::object& a, const json::object& b) {
    const SnapshotId left(client::text_of(a, "snapshot")), right(client::text_of(b, "snapshot"));
    const bool is_same = left == right || left.empty() || right.empty();
    if (is_same)
      return json::object{
          {"added", json::array()}, {"removed", json::array()}, {"changed", json::array()}, {"comparable", left.empty() == right.empty()}};
    TRY(auto difference, client.snapshot_diff(left, right));
    difference["comparable"] = true;
    return difference;
  }

  static void heading(Context& context, std::string_view title) { context.out.line("\n" + context.out.styled(title, Style::kBold)); }

  static void show(Context& context, std::string_view title, const std::vector<Change>& list) {
    heading(context, title);
    if (list.empty()) return context.out.line("  the same");
    Table table({{"", false, true}, {"A", false, true}, {"B", false, true}});
    for (const auto& change : list) table.add({"  " + change.name, change.a.empty() ? "-" : change.a, change.b.empty() ? "-" : change.b});
    context.out.write(table.render(context.out.terminal()));
  }

  static void show_files(Context& context, const json::object& files) {
    heading(context, "Snapshot");
    if (!client::is_set(files, "comparable")) return context.out.line("  only one of them has a snapshot");
    bool is_same = true;
    for (const auto& [field, mark] : {std::pair("changed", "~"), std::pair("added", "+"), std::pair("removed", "-")}) {
      for (const auto& path : client::array_of(files, field)) {
        const auto text = path.is_object() ? client::text_of(path.get_object(), "path") : client::shown(path);
        context.out.line(fmt::format("  {} {}", mark, harmless(text, false)));
        is_same = false;
      }
    }
    if (is_same) context.out.line("  the same");
  }

  std::string a_, b_;
};

}  // namespace

std::unique_ptr<Command> make_run_diff() { return std::make_unique<RunDiff>(); }

}  // namespace stoker::cli
