#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "client/python_tree.hpp"
#include "client/records.hpp"
#include "io/process.hpp"

namespace stoker::cli {
namespace {

/// TensorBoard is a Python program, and so is what keeps its logs up to date (azureml.tensorboard); here it is found and given the runs.
class Tensorboard final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.operands("RUN", runs_, "an id, the beginning of one, or latest; repeat for more", Values::kRun);
    arguments.number("--port", "PORT", port_, 0, 65535, "where it listens, on this machine only; 0: one that is free (default: 6006)");
    arguments.text("--logdir", "DIR", logdir_, "copy the logs here and keep them (default: a temporary folder)", Values::kFolder);
    arguments.flag("--by-name", by_name_, "call the runs by their names instead of their ids");
    arguments.text("--interpreter", "PYTHON", interpreter_, "a Python that has tensorboard (default: python3 on PATH)", Values::kFile);
  }

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    std::vector<std::string> words{"", "-m", "azureml.tensorboard", "--port", std::to_string(port_)};
    if (!logdir_.empty()) words.insert(words.end(), {"--logdir", logdir_});
    if (by_name_) words.emplace_back("--by-name");
    for (const auto& name : runs_) {
      TRY(const auto run, client::resolve_run(client, name));
      words.push_back(client::run_id(run).text());
    }
    const auto python = io::find_program(interpreter_, client::variable(context.variables, "PATH"));
    if (!python)
      return Error(ErrorCode::kNotFound, fmt::format("{} was not found", interpreter_)).hint("name a Python that has tensorboard: --interpreter");
    words[0] = *python;
    return become(words, context.variables);
  }

 private:
  static Result<int> become(const std::vector<std::string>& words, client::Variables variables) {
    const auto tree = client::python_tree_beside(io::own_executable());
    auto& path = variables["PYTHONPATH"];
    if (!tree.empty()) path = path.empty() ? tree : tree + ":" + path;
    std::vector<std::string> settings;
    for (const auto& [name, value] : variables) settings.push_back(fmt::format("{}={}", name, value));
    std::vector<char*> arguments, environment;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    for (const auto& each : settings) environment.push_back(const_cast<char*>(each.c_str()));
    arguments.push_back(nullptr);
    environment.push_back(nullptr);
    ::execve(arguments[0], arguments.data(), environment.data());
    return errno_error(fmt::format("cannot start {}", words[0]), errno);
  }

  std::vector<std::string> runs_;
  std::string logdir_, interpreter_ = "python3";
  std::int64_t port_ = 6006;
  bool by_name_ = false;
};

}  // namespace

std::unique_ptr<Command> make_tensorboard() { return std::make_unique<Tensorboard>(); }

}  // namespace stoker::cli
