// From the words of the command line to a command, and from its outcome to an exit code.
#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "base/suggest.hpp"
#include "cli/command.hpp"
#include "cli/help.hpp"
#include "cli/output/json.hpp"

namespace stoker::cli {
namespace {

bool asks_for_help(std::string_view word) { return word == "--help" || word == "-h" || word == "help"; }

bool is_option(std::string_view word) { return word.size() > 1 && word.front() == '-'; }

/// Also where the command line is so wrong that it was not parsed: who asked for JSON gets the error as JSON.
bool wants_json(const std::vector<std::string>& words) {
  const auto dashes = std::ranges::find(words, "--");
  return std::find(words.begin(), dashes, "--json") != dashes;
}

int fail(Context& context, const Error& error) {
  if (context.as_json) context.print(to_json(error));
  else if (error.message() != "")
    context.err.line(context.err.terminal().has_colour ? Output::paint("error:", Style::kRed) + error.to_terminal().substr(6) : error.to_terminal());
  return info(error.code()).exit_code;
}

Error unknown(std::string what, std::string_view word, const std::vector<std::string>& known, std::string list) {
  const auto near = did_you_mean(word, known);
  return Error(ErrorCode::kInvalidInput, std::move(what)).hint(near.empty() ? std::move(list) : near + " " + list);
}

int run_command(const CommandInfo& info, const std::vector<std::string>& words, Context& context) {
  const auto command = info.make();
  Arguments arguments(info.name());
  CommonFlags flags;
  command->declare(arguments);
  declare_common(arguments, flags);
  const auto dashes = arguments.has_rest() ? std::ranges::find(words, "--") : words.end();
  const bool asks = std::any_of(words.begin(), dashes, [](const std::string& word) { return word == "--help" || word == "-h"; });
  if (asks) {
    context.out.write(command_page(info, context.out.terminal()));
    return 0;
  }
  if (const auto parsed = arguments.parse(words); !parsed) return fail(context, parsed.error());
  const auto code = command->run(context);
  return code ? *code : fail(context, code.error());
}

int run_noun(const std::string& noun, const std::vector<std::string>& words, Context& context) {
  const auto verbs = verbs_of(noun);
  const auto* alone = find_command(noun, "");
  if (!words.empty() && !is_option(words[0])) {
    if (const auto* info = find_command(noun, words[0])) return run_command(*info, {words.begin() + 1, words.end()}, context);
    if (alone == nullptr || !verbs.empty()) {
      if (words[0] == "help") {
        context.out.write(noun_page(noun, context.out.terminal()));
        return 0;
      }
      return fail(context, unknown(fmt::format("\"{}\" is not something that `stoker {}` can do", words[0], noun), words[0], verbs,
                                   fmt::format("`stoker {}` lists what it can", noun)));
    }
  }
  if (alone != nullptr) return run_command(*alone, words, context);
  const bool asked = !words.empty() && asks_for_help(words[0]);
  if (!words.empty() && !asked)
    return fail(context, Error(ErrorCode::kInvalidInput, fmt::format("`stoker {}` needs a verb before {}", noun, words[0]))
                             .hint(fmt::format("`stoker {} --help` lists them", noun)));
  (asked ? context.out : context.err).write(noun_page(noun, context.out.terminal()));
  return asked ? 0 : info(ErrorCode::kInvalidInput).exit_code;
}

}  // namespace

Result<client::Client> Context::connect(client::Start start) {
  client::ConnectOptions options;
  options.start = start;
  options.say = [this](std::string_view line) { say(line); };
  TRY(auto endpoint, client::connect(variables, options));
  const auto renew = [variables = variables]() {
    client::ConnectOptions again;
    again.start = client::Start::kAfterCrash;
    return client::connect(variables, again);
  };
  const bool is_own = endpoint.is_own;
  return client::Client(std::move(endpoint), is_own ? std::function<Result<client::Endpoint>()>(renew) : nullptr);
}

void Context::say(std::string_view line) {
  if (!as_json) err.line(err.styled(line, Style::kDim));
}

void Context::print(const json::value& record) { out.write(pretty(record)); }

int run(const std::vector<std::string>& words, Context context) {
  context.as_json = wants_json(words);
  if (words.empty()) {
    context.err.write(overview(context.err.terminal()));
    return info(ErrorCode::kInvalidInput).exit_code;
  }
  const std::vector<std::string> rest(words.begin() + 1, words.end());
  auto noun = words[0];
  if (noun == "-h" || noun == "--help") noun = "help";
  if (noun == "--version" || noun == "-V") noun = "version";
  if (find_command(noun, "") != nullptr || !verbs_of(noun).empty()) return run_noun(noun, rest, context);
  auto known = nouns();
  // A verb alone is the commonest slip: say what it belongs to.
  for (const auto& info : command_table()) {
    if (info.verb == noun)
      return fail(context, Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is a verb, it needs its noun", noun))
                               .hint(fmt::format("`stoker {} {}`", info.noun, info.verb)));
  }
  return fail(context, unknown(fmt::format("there is no command \"{}\"", noun), noun, known, "`stoker help` lists all"));
}

int main_program(int argc, char** argv, Hooks hooks) {
  const auto variables = client::own_variables();
  Context context{.variables = variables,
                  .out = Output::to_fd(STDOUT_FILENO, variables),
                  .err = Output::to_fd(STDERR_FILENO, variables),
                  .hooks = std::move(hooks)};
  return run({argv + std::min(argc, 1), argv + argc}, std::move(context));
}

}  // namespace stoker::cli
