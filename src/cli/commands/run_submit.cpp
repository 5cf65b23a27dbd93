#include <unistd.h>

#include <array>

#include <fmt/format.h>

#include "base/units.hpp"
#include "cli/commands/commands.hpp"
#include "cli/following.hpp"
#include "cli/names.hpp"
#include "cli/output/progress.hpp"
#include "client/home.hpp"
#include "client/records.hpp"
#include "client/submit.hpp"
#include "io/file.hpp"
#include "io/process.hpp"

namespace stoker::cli {
namespace {

constexpr std::size_t kMostSpecBytes = 8 << 20;

Result<std::string> read_standard_input() {
  std::string text;
  std::array<char, 65536> buffer;
  while (text.size() <= kMostSpecBytes) {
    const auto count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count < 0) return errno_error("cannot read the specification from standard input", errno);
    if (count == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return Error(ErrorCode::kInputTooLarge, fmt::format("the specification is larger than {}", format_bytes(kMostSpecBytes)));
}

class RunSubmit final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.text("-e,--experiment", "NAME", experiment_, "group the run under this experiment (default: default)", Values::kExperiment);
    arguments.text("-n,--name", "NAME", name_, "a name for people; one is made up otherwise");
    arguments.text("-s,--source", "DIR", source_, "the folder that the run sees as its working directory (default: .)", Values::kFolder);
    arguments.flag("--no-source", no_source_, "no snapshot: the run begins in an empty folder");
    arguments.text("--script", "FILE", script_, "run this script of the folder with the interpreter; what follows -- are its arguments",
                   Values::kFile);
    arguments.text("--interpreter,--env-python", "PYTHON", interpreter_, "the interpreter of the environment (default: python3 on PATH)",
                   Values::kFile);
    arguments.text("--shell", "LINE", shell_, "run a line of shell instead of a program");
    arguments.texts("--env", "KEY=VALUE", variables_, "a variable for the run; repeat for more");
    arguments.texts("-t,--tag", "KEY[=VALUE]", tags_, "a tag; repeat for more");
    arguments.number("--cpus", "N", cpus_, 1, 1'000'000, "slots of the target that it takes (default: 1)");
    arguments.number("--gpus", "N", gpus_, 0, 1'000'000, "GPUs for it alone (default: 0)");
    arguments.text("--time-limit", "TIME", time_limit_, "end it after this time: 90s, 15m, 2h, 1d");
    arguments.text("--grace", "TIME", grace_, "from SIGTERM to SIGKILL when it is canceled or its time is over (default: 10s)");
    arguments.text("--target", "NAME", target_, "where it runs (default: local)");
    arguments.text("-w,--workspace", "NAME", workspace_, "NAME or SUBSCRIPTION/GROUP/NAME (default: that of config.json, else default)",
                   Values::kWorkspace);
    arguments.flag("-f,--follow", follow_, "stay and show its log until it ends");
    arguments.flag("--no-git", no_git_, "do not record the state of git");
    arguments.text("--spec-file", "FILE", spec_file_, "read the whole specification as JSON, - for standard input; options above do not apply",
                   Values::kFile);
    arguments.number("--max-source-bytes", "N", max_source_bytes_, 0, INT64_MAX, "refuse a source folder that is larger; 0: no limit");
    arguments.text("--idempotency-key", "KEY", key_, "the same key again gives the same run instead of a second one");
    arguments.rest("PROGRAM [ARGUMENTS]", program_, "what to run, as a shell would start it");
  }

  Result<int> run(Context& context) override {
    client::SubmitRequest request;
    request.variables = context.variables;
    request.with_git = !no_git_;
    request.idempotency_key = key_;
    if (max_source_bytes_ > 0) request.max_source_bytes = static_cast<std::uint64_t>(max_source_bytes_);
    CHECK_OK(spec_file_.empty() ? read_options(context, request) : read_spec_file(request));
    request.is_same_machine = client::variable(context.variables, "STOKER_URL").empty();
    // Before any server is started: a slip of the finger costs nothing.
    CHECK_OK(client::check_submit(request));
    TRY(auto client, context.connect());
    if (const auto home = client::locate_home(context.variables); home && client::prepare_home(*home))
      request.index_directory = home->directory + "/cache/snapshots";
    TRY(auto run, send(context, client, std::move(request)));
    return follow_ ? followed(context, client, std::move(run)) : told(context, run);
  }

 private:
  static std::int64_t whole_seconds(const std::string& option, const std::string& text, std::vector<Mistake>& mistakes) {
    const auto duration = parse_duration(text);
    if (duration) return std::chrono::ceil<std::chrono::seconds>(*duration).count();
    mistakes.push_back({option, duration.error().message() + ": " + duration.error().hint_text()});
    return 1;
  }

  Status read_options(Context& context, client::SubmitRequest& request) {
    auto& spec = request.spec;
    std::vector<Mistake> mistakes;
    read_pairs(request, mistakes);
    if (!time_limit_.empty()) {
      spec.max_run_duration_seconds = whole_seconds("--time-limit", time_limit_, mistakes);
      if (spec.max_run_duration_seconds == 0) mistakes.push_back({"--time-limit", "must be more than nothing"});
    }
    if (!grace_.empty()) spec.grace_seconds = whole_seconds("--grace", grace_, mistakes);
    read_program(context, request, mistakes);
    if (!workspace_.empty()) {
      const auto named = parse_workspace(workspace_);
      if (named) spec.workspace = *named;
      else mistakes.push_back({"--workspace", named.error().message()});
    }
    CHECK_OK(mistakes_to_status("the run cannot be submitted", std::move(mistakes)));
    if (workspace_.empty()) CHECK_OK(find_workspace(context, request));
    if (!experiment_.empty()) spec.experiment = experiment_;
    if (!name_.empty()) spec.display_name = name_;
    if (!target_.empty()) spec.target = target_;
    spec.resources = {.cpus = static_cast<int>(cpus_), .gpus = static_cast<int>(gpus_)};
    return ok();
  }

  void read_pairs(client::SubmitRequest& request, std::vector<Mistake>& mistakes) {
    for (const auto& text : variables_) {
      auto pair = split_pair(text);
      if (pair) request.spec.environment_variables[pair->first] = pair->second;
      else mistakes.push_back({"--env", pair.error().message()});
    }
    for (const auto& text : tags_) {
      const auto equals = text.find('=');
      if (equals == 0 || text.empty()) mistakes.push_back({"--tag", fmt::format("\"{}\" is not KEY or KEY=VALUE", text)});
      else request.spec.tags[text.substr(0, equals)] = equals == std::string::npos ? std::nullopt : std::optional(text.substr(equals + 1));
    }
  }

  void read_program(Context& context, client::SubmitRequest& request, std::vector<Mistake>& mistakes) {
    auto& spec = request.spec;
    if (!no_source_) request.source_directory = client::whole_path(source_);
    if (!script_.empty()) {
      spec.script = script_;
      spec.arguments = program_;
    } else if (!shell_.empty()) {
      spec.command = shell_;
    } else {
      spec.argv = program_;
    }
    if (!shell_.empty() && (!script_.empty() || !program_.empty()))
      mistakes.push_back({"--shell", "goes with neither --script nor a program after --"});
    if (program_.empty() && script_.empty() && shell_.empty()) mistakes.push_back({"PROGRAM", "is missing: stoker run submit -- python train.py"});
    if (!interpreter_.empty()) spec.environment.settings["interpreter"] = interpreter(context, interpreter_);
    else if (spec.script) spec.environment.settings["interpreter"] = default_interpreter(context);
  }

  /// A path is the client's, and the run begins elsewhere.
  static std::string interpreter(Context&, const std::string& given) {
    return given.find('/') == std::string::npos ? given : client::whole_path(given);
  }

  static std::string default_interpreter(Context& context) {
    const auto path = client::variable(context.variables, "PATH");
    for (const auto* name : {"python3", "python"}) {
      if (io::find_program(name, path)) return name;
    }
    return "python3";
  }

  Status find_workspace(Context& context, client::SubmitRequest& request) {
    std::string found;
    TRY(const auto named, client::configured_workspace(request.source_directory.empty() ? "." : request.source_directory, &found));
    if (!named) return ok();
    request.spec.workspace = *named;
    context.say(fmt::format("workspace {} (from {})", named->name, found));
    return ok();
  }

  /// What Python sends: a RunSpec; `source_directory` is the folder to take the snapshot of, `inherited` is ours when it is not given.
  Status read_spec_file(client::SubmitRequest& request) {
    auto text = spec_file_ == "-" ? read_standard_input() : io::read_file(spec_file_, kMostSpecBytes);
    if (!text) return text.error();
    auto value = parse_json(*text);
    if (!value)
      return Error(ErrorCode::kInvalidInput, fmt::format("{} is not JSON", spec_file_ == "-" ? "the specification" : spec_file_))
          .because(value.error());
    request.has_inherited = value->is_object() && client::is_set(value->get_object(), "inherited");
    TRY(request.spec, parse_run_spec(*value));
    request.source_directory = request.spec.snapshot ? "" : request.spec.source_directory;
    return ok();
  }

  Result<json::object> send(Context& context, client::Client& client, client::SubmitRequest request) {
    ProgressLine progress(context.err);
    return client::submit(client, std::move(request), [&progress](const client::SubmitProgress& now) {
      const auto files = fmt::format("{} of {} files, {} sent", now.files, now.total_files, format_bytes(now.sent_bytes));
      progress.show("snapshot", now.bytes, now.total_bytes, files);
    });
  }

  Result<int> followed(Context& context, client::Client& client, json::object run) {
    context.say(fmt::format("run {} was submitted; Ctrl-C leaves it running", client::run_id(run).text()));
    return follow_run(context, client, std::move(run));
  }

  static Result<int> told(Context& context, const json::object& run) {
    const auto id = client::run_id(run).text();
    if (context.as_json) {
      context.print(run);
      return 0;
    }
    context.out.line(id);
    context.say(fmt::format("submitted; `stoker run logs -f {}` follows it", id));
    return 0;
  }

  std::string experiment_, name_, source_ = ".", script_, interpreter_, shell_, time_limit_, grace_, target_, workspace_, spec_file_, key_;
  std::vector<std::string> variables_, tags_, program_;
  std::int64_t cpus_ = 1, gpus_ = 0, max_source_bytes_ = 0;
  bool no_source_ = false, follow_ = false, no_git_ = false;
};

}  // namespace

std::unique_ptr<Command> make_run_submit() { return std::make_unique<RunSubmit>(); }

}  // namespace stoker::cli
