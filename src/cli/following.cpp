#include "cli/following.hpp"

#include <fmt/format.h>

#include "cli/interrupt.hpp"
#include "cli/output/live.hpp"
#include "cli/output/run_text.hpp"
#include "cli/output/text.hpp"
#include "client/follow.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

/// Lines as they come: raw for a pipe, harmless for a terminal that has no live view.
class PlainView final : public client::FollowSink {
 public:
  PlainView(Output& log, Context& context) : log_(log), context_(context) {}

  void on_log(std::string_view text) override {
    if (!log_.is_terminal()) {
      log_.write(text);
      ends_open_ = !text.empty() && text.back() != '\n';
      return;
    }
    for (const auto& line : splitter_.take(text)) log_.line(harmless(last_rewrite(line), log_.terminal().has_colour));
  }

  void on_connection(bool is_there) override { context_.say(is_there ? "the server is there again" : "waiting for the server; the run goes on"); }

  /// What follows on stderr begins on a line of its own where both go to one place.
  void end() {
    if (const auto rest = splitter_.take_rest(); !rest.empty()) log_.line(harmless(last_rewrite(rest), log_.terminal().has_colour));
    if (ends_open_ && !context_.as_json) context_.err.line();
  }

 private:
  Output& log_;
  Context& context_;
  LineSplitter splitter_;
  bool ends_open_ = false;
};

std::string farewell(const std::string& id) {
  return fmt::format("\nThe run goes on.\n  stoker run logs -f {}  follows it again\n  stoker run cancel {}   ends it\n", id, id);
}

Result<json::object> watch(Context& context, client::Client& client, const json::object& run, const std::string& stream) {
  const auto id = client::run_id(run);
  const client::FollowOptions options{.stream = stream};
  const bool is_live = context.out.terminal().can_repaint && !context.as_json;
  const FarewellOnInterrupt interrupt(is_live ? std::string(LiveView::kClear) : "", farewell(id.text()));
  if (is_live) {
    LiveView view(context.out, run);
    return client::follow(client, id, view, options);
  }
  PlainView view(context.as_json ? context.err : context.out, context);
  auto end = client::follow(client, id, view, options);
  view.end();
  return end;
}

json::object or_empty(Result<json::object> record) { return record ? std::move(*record) : json::object(); }

}  // namespace

Result<int> follow_run(Context& context, client::Client& client, json::object run, const std::string& stream) {
  TRY(const auto end, watch(context, client, run, stream));
  const auto id = client::run_id(end);
  if (context.as_json) {
    context.print(end);
  } else {
    context.err.measure();
    const auto metrics = or_empty(client.metrics(id));
    const auto files = or_empty(client.files(id));
    context.err.write("\n" + run_summary(end, metrics, files, context.err.terminal(), SystemClock().now()));
  }
  const auto outcome = client::run_outcome(end);
  return outcome ? 0 : info(outcome.error().code()).exit_code;
}

}  // namespace stoker::cli
