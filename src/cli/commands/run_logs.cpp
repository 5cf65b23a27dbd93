#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/following.hpp"
#include "cli/output/text.hpp"
#include "cli/output/timed_lines.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

constexpr std::uint64_t kPiece = 1 << 20;

class RunLogs final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("RUN", run_, "an id, the beginning of one, or latest", Values::kRun);
    arguments.flag("-f,--follow", follow_, "stay and show what comes, until the run ends");
    arguments.flag("-t,--times", times_, "each line with its time and stream");
    arguments.choice("--stream", "STREAM", stream_, {"all", "stdout", "stderr"}, "all, stdout or stderr (default: all)");
  }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(auto run, client::resolve_run(client, run_));
    if (follow_ && times_) return Error(ErrorCode::kInvalidInput, "--times shows what is there and cannot follow").hint("leave out -f, or --times");
    if (follow_) return follow_run(context, client, std::move(run), stream_);
    if (times_) return print_times(context, client, client::run_id(run));
    if (context.as_json) return print_record(context, client, client::run_id(run));
    return print_log(context, client, client::run_id(run));
  }

 private:
  Result<int> print_log(Context& context, client::Client& client, const RunId& id) {
    LineSplitter splitter;
    const bool is_raw = !context.out.is_terminal();
    const bool keep_colour = context.out.terminal().has_colour;
    const auto each = [&](std::string_view bytes) {
      if (is_raw) return context.out.write(bytes);
      for (const auto& line : splitter.take(bytes)) context.out.line(harmless(last_rewrite(line), keep_colour));
    };
    TRY(const bool is_complete, read_log(client, id, each));
    if (const auto rest = splitter.take_rest(); !rest.empty()) context.out.line(harmless(last_rewrite(rest), keep_colour));
    if (!is_complete) context.say(fmt::format("the run goes on; `stoker run logs -f {}` follows it", id.text()));
    return 0;
  }

  Result<int> print_record(Context& context, client::Client& client, const RunId& id) {
    std::string text;
    TRY(const bool is_complete, read_log(client, id, [&](std::string_view bytes) { text += bytes; }));
    context.print(json::object{
        {"run_id", id.text()}, {"stream", stream_}, {"text", to_valid_utf8(text)}, {"size_bytes", text.size()}, {"complete", is_complete}});
    return 0;
  }

  Result<int> print_times(Context& context, client::Client& client, const RunId& id) {
    json::array list;
    TimedLines lines([&](const TimedLine& line) {
      if (stream_ != "all" && line.stream != stream_) return;
      if (context.as_json) list.push_back({{"time", line.time}, {"stream", line.stream}, {"text", to_valid_utf8(line.text)}});
      else context.out.line(fmt::format("{} {:6} {}", line.time, line.stream, harmless(last_rewrite(line.text), context.out.terminal().has_colour)));
    });
    CHECK_OK(read_times(client, id, lines));
    lines.finish();
    if (context.as_json) context.print(json::object{{"run_id", id.text()}, {"stream", stream_}, {"lines", std::move(list)}});
    return 0;
  }

  static Status read_times(client::Client& client, const RunId& id, TimedLines& lines) {
    std::string bytes;  // of the log from `begin` on
    std::uint64_t begin = 0, offset = 0;
    while (true) {
      TRY(const auto page, client.log_spans(id, offset));
      const auto& spans = client::array_of(page, "spans");
      if (spans.empty()) return ok();
      for (const auto& item : spans) {
        const auto& span = item.as_object();
        const auto end = static_cast<std::uint64_t>(client::integer_of(span, "offset") + client::integer_of(span, "length"));
        while (offset < end) {
          if (offset >= begin + bytes.size()) {
            TRY(auto part, client.log(id, offset, kPiece, "all"));
            if (part.bytes.empty()) return ok();
            begin = offset;
            bytes = std::move(part.bytes);
          }
          const auto piece = std::string_view(bytes).substr(offset - begin, end - offset);
          lines.take(client::text_of(span, "time"), client::text_of(span, "stream"), piece);
          offset += piece.size();
        }
      }
    }
  }

  /// Up to the end that the log had at the beginning, piece by piece; whether more can come.
  Result<bool> read_log(client::Client& client, const RunId& id, const std::function<void(std::string_view)>& each) {
    std::optional<std::uint64_t> end;
    bool is_complete = true;
    for (std::uint64_t offset = 0; !end || offset < *end; offset += kPiece) {
      const auto limit = end ? std::min(kPiece, *end - offset) : kPiece;
      TRY(const auto part, client.log(id, offset, limit, stream_));
      if (!end) end = part.size;
      is_complete = part.is_complete;
      each(part.bytes);
    }
    return is_complete;
  }

  std::string run_, stream_ = "all";
  bool follow_ = false, times_ = false;
};

}  // namespace

std::unique_ptr<Command> make_run_logs() { return std::make_unique<RunLogs>(); }

}  // namespace stoker::cli
