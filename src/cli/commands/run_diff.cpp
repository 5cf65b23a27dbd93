#include <fmt/format.h>

#include "cli/code_difference.hpp"
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
    arguments.flag("--code", code_only_, "the difference of the code alone, as a patch");
    arguments.flag("--names", names_only_, "files that differ by their names, without what changed in them");
  }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto a, client::resolve_run(client, a_));
    TRY(const auto b, client::resolve_run(client, b_));
    TRY(const auto files, snapshot_difference(client, a, b));
    std::string code;
    if (!names_only_) {
      TRY(code, code_difference(client, snapshot_of(a), snapshot_of(b), files));
    }
    if (code_only_ && !context.as_json) {
      show_code(context, files, code);
      return 0;
    }
    TRY(const auto metrics_a, client.metrics(client::run_id(a)));
    TRY(const auto metrics_b, client.metrics(client::run_id(b)));
    TRY(const auto environment_a, whole_environment(client, a));
    TRY(const auto environment_b, whole_environment(client, b));
    const auto parameters = changes(parameters_of(a), parameters_of(b));
    const auto metrics = changes(latest_values(metrics_a), latest_values(metrics_b));
    const auto environment = changes(environment_a, environment_b);
    if (context.as_json) {
      context.print(json::object{{"a", client::run_id(a).text()},
                                 {"b", client::run_id(b).text()},
                                 {"parameters", to_json(parameters)},
                                 {"metrics", to_json(metrics)},
                                 {"files", files},
                                 {"code", code},
                                 {"environment", to_json(environment)}});
      return 0;
    }
    context.out.write(
        key_values({{"A", client::run_id(a).text() + "  " + client::ending(a)}, {"B", client::run_id(b).text() + "  " + client::ending(b)}}));
    show(context, "Parameters", parameters);
    show(context, "Metrics", metrics);
    show(context, "Environment", environment);
    heading(context, "Code");
    show_code(context, files, code);
    return 0;
  }

 private:
  static SnapshotId snapshot_of(const json::object& run) { return SnapshotId(client::text_of(run, "snapshot")); }

  static Result<std::map<std::string, std::string>> whole_environment(client::Client& client, const json::object& run) {
    TRY(const auto record, client.environment(client::run_id(run)));
    auto all = environment_of(run);
    all.merge(found_environment(record));
    return all;
  }

  static Result<json::object> snapshot_difference(client::Client& client, const json::object& a, const json::object& b) {
    const auto left = snapshot_of(a), right = snapshot_of(b);
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

  void show_code(Context& context, const json::object& files, const std::string& code) const {
    if (!client::is_set(files, "comparable")) return talk(context, "  only one of them has a snapshot");
    if (!names_only_ && !code.empty()) return show_patch(context, code);
    bool is_same = true;
    for (const auto& [field, mark] : {std::pair("changed", "~"), std::pair("added", "+"), std::pair("removed", "-")}) {
      for (const auto& path : client::array_of(files, field)) {
        context.out.line(fmt::format("  {} {}", mark, harmless(client::shown(path), false)));
        is_same = false;
      }
    }
    if (is_same) talk(context, "  the same");
  }

  /// A patch that is wanted alone holds nothing else.
  void talk(Context& context, std::string_view line) const {
    if (code_only_) context.say(line.substr(2));
    else context.out.line(line);
  }

  static void show_patch(Context& context, std::string_view code) {
    if (!context.out.is_terminal()) return context.out.write(code);
    while (!code.empty()) {
      const auto end = std::min(code.find('\n'), code.size());
      const auto line = code.substr(0, end);
      code.remove_prefix(std::min(end + 1, code.size()));
      const bool is_name = line.starts_with("diff ") || line.starts_with("--- ") || line.starts_with("+++ ");
      const auto style = is_name                  ? Style::kBold
                         : line.starts_with('+')  ? Style::kGreen
                         : line.starts_with('-')  ? Style::kRed
                         : line.starts_with("@@") ? Style::kCyan
                                                  : Style::kPlain;
      context.out.line(context.out.styled(harmless(line, false), style));
    }
  }

  std::string a_, b_;
  bool code_only_ = false, names_only_ = false;
};

}  // namespace

std::unique_ptr<Command> make_run_diff() { return std::make_unique<RunDiff>(); }

}  // namespace stoker::cli
