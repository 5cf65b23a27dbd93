#include "cli/help.hpp"

#include <fmt/format.h>

#include "base/suggest.hpp"
#include "cli/commands/commands.hpp"

namespace stoker::cli {
namespace {

class Help final : public Command {
 public:
  void declare(Arguments& arguments) override { arguments.operands("COMMAND", words_, "the command to explain: run submit", Values::kAny, false); }

  Result<int> run(Context& context) override {
    TRY(const auto text, page(context.out.terminal()));
    if (context.as_json) context.print(json::object{{"command", words_.empty() ? "" : fmt::format("{}", fmt::join(words_, " "))}, {"text", text}});
    else context.out.write(text);
    return 0;
  }

 private:
  Result<std::string> page(const Terminal& terminal) const {
    if (words_.empty()) return overview(terminal);
    const auto verb = words_.size() > 1 ? words_[1] : "";
    if (const auto* info = find_command(words_[0], verb)) return command_page(*info, terminal);
    const auto verbs = verbs_of(words_[0]);
    if (verb.empty() && !verbs.empty()) return noun_page(words_[0], terminal);
    const auto near = verbs.empty() ? did_you_mean(words_[0], nouns()) : did_you_mean(verb, verbs);
    return Error(ErrorCode::kNotFound, fmt::format("there is no command \"{}\"", fmt::join(words_, " ")))
        .hint(near.empty() ? "`stoker help` lists all" : near);
  }

  std::vector<std::string> words_;
};

}  // namespace

std::unique_ptr<Command> make_help() { return std::make_unique<Help>(); }

}  // namespace stoker::cli
