#include "cli/commands/commands.hpp"
#include "completion_scripts.hpp"

namespace stoker::cli {
namespace {

class Completion final : public Command {
 public:
  void declare(Arguments& arguments) override { arguments.operand("SHELL", shell_, "bash or zsh"); }

  Result<int> run(Context& context) override {
    for (const auto& [name, text] : completion_scripts()) {
      if (name != "completion." + shell_) continue;
      if (context.as_json) context.print(json::object{{"shell", shell_}, {"script", text}});
      else context.out.write(text);
      return 0;
    }
    return Error(ErrorCode::kInvalidInput, "there is completion for bash and zsh, not for " + shell_)
        .hint("`stoker completion bash` or `stoker completion zsh`");
  }

 private:
  std::string shell_;
};

}  // namespace

std::unique_ptr<Command> make_completion() { return std::make_unique<Completion>(); }

}  // namespace stoker::cli
