#pragma once
// A command of the CLI: `stoker NOUN VERB`. One source and one help page in commands/ each, one line in the table (commands/table.cpp).

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "cli/arguments.hpp"
#include "cli/output/terminal.hpp"
#include "client/client.hpp"

namespace stoker::cli {

/// `stoker server` in the foreground, as the command line says it.
struct ServeOptions {
  std::string data, listen, home;
  bool personal = false;
  std::optional<int> cpu_slots, gpus;
  std::string supervisor, python_tree;
  std::optional<std::string> database_url;
};
/// What the CLI cannot know, since it lies on its own floor or above; main.cpp passes it.
struct Hooks {
  std::function<Status(const ServeOptions&)> serve;
};

struct Context {
  client::Variables variables;
  Output out;  // data
  Output err;  // talk
  bool as_json = false;
  Hooks hooks;

  /// A client of the user's server (started where `start` says so) or of STOKER_URL.
  Result<client::Client> connect(client::Start start = client::Start::kAlways);
  /// One line of talk on stderr; nothing with --json.
  void say(std::string_view line);
  /// A record as `--json` prints it.
  void print(const json::value& record);
};

class Command {
 public:
  virtual ~Command() = default;
  virtual void declare(Arguments& arguments) = 0;
  /// The exit code, or the error that decides it.
  virtual Result<int> run(Context& context) = 0;
};

struct CommandInfo {
  std::string_view noun;
  std::string_view verb;     // empty: the noun alone (`stoker version`, `stoker server`)
  std::string_view summary;  // one line for the overview
  std::unique_ptr<Command> (*make)();
  std::string name() const { return verb.empty() ? std::string(noun) : std::string(noun) + " " + std::string(verb); }
};

std::span<const CommandInfo> command_table();
/// nullptr when there is none.
const CommandInfo* find_command(std::string_view noun, std::string_view verb);
std::vector<std::string> nouns();
std::vector<std::string> verbs_of(std::string_view noun);

/// The whole program. `words` without the program's name.
int run(const std::vector<std::string>& words, Context context);
int main_program(int argc, char** argv, Hooks hooks);

}  // namespace stoker::cli
