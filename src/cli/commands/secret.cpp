// The four commands of the noun `secret`; they share the workspace and the way to its id.
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <iostream>

#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/names.hpp"
#include "cli/output/table.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

/// Keys are not shown while this lives.
class NoEcho {
 public:
  NoEcho() {
    is_set_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!is_set_) return;
    auto quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  ~NoEcho() {
    if (is_set_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  termios before_{};
  bool is_set_ = false;
};

/// From a prompt, or all of a pipe without its last newline. Never from the command line, which every user of the machine can read.
Result<std::string> read_value(Context& context, const std::string& name) {
  std::string value;
  if (::isatty(STDIN_FILENO) == 1) {
    context.err.write(fmt::format("value of {} (not shown): ", name));
    const NoEcho quiet;
    std::getline(std::cin, value);
    context.err.line("");
  } else {
    value.assign(std::istreambuf_iterator<char>(std::cin), {});
    if (value.ends_with('\n')) value.pop_back();
  }
  if (value.empty()) return Error(ErrorCode::kInvalidInput, "the value is empty").hint(fmt::format("`printf %s VALUE | stoker secret set {}`", name));
  return value;
}

class SecretCommand : public Command {
 protected:
  void declare_workspace(Arguments& arguments) {
    arguments.text("-w,--workspace", "NAME", workspace_, "of this workspace (default: that of config.json, else default)", Values::kWorkspace);
  }
  std::string name_, workspace_;
};

class SecretSet final : public SecretCommand {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("NAME", name_, "letters, digits, - and _");
    declare_workspace(arguments);
  }
  Result<int> run(Context& context) override {
    TRY(const auto value, read_value(context, name_));
    TRY(auto client, context.connect());
    TRY(const auto workspace, workspace_id(client, workspace_));
    CHECK_OK(client.set_secret(workspace, name_, value));
    if (context.as_json) context.print(json::object{{"name", name_}});
    else context.say(fmt::format("secret {} is set; in logs of runs its value reads as stars from now on", name_));
    return 0;
  }
};

class SecretGet final : public SecretCommand {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("NAME", name_, "the secret", Values::kSecret);
    declare_workspace(arguments);
  }
  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto workspace, workspace_id(client, workspace_));
    TRY(const auto secret, client.secret(workspace, name_));
    if (context.as_json) context.print(secret);
    else context.out.line(client::text_of(secret, "value"));
    return 0;
  }
};

class SecretList final : public SecretCommand {
 public:
  void declare(Arguments& arguments) override { declare_workspace(arguments); }
  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto workspace, workspace_id(client, workspace_));
    TRY(const auto record, client.secrets(workspace));
    if (context.as_json) {
      context.print(record);
      return 0;
    }
    Table table({{"SECRET", false, true}, {"SET"}});
    for (const auto& item : client::array_of(record, "secrets")) {
      if (item.is_object()) table.add({client::text_of(item.get_object(), "name"), client::text_of(item.get_object(), "updated_at")});
    }
    if (table.empty()) context.say("no secrets; `stoker secret set NAME` makes one");
    else context.out.write(table.render(context.out.terminal()));
    return 0;
  }
};

class SecretDelete final : public SecretCommand {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("NAME", name_, "the secret", Values::kSecret);
    declare_workspace(arguments);
  }
  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto workspace, workspace_id(client, workspace_));
    CHECK_OK(client.delete_secret(workspace, name_));
    if (context.as_json) context.print(json::object{{"deleted", name_}});
    else context.say(fmt::format("secret {} is gone", name_));
    return 0;
  }
};

}  // namespace

std::unique_ptr<Command> make_secret_set() { return std::make_unique<SecretSet>(); }
std::unique_ptr<Command> make_secret_get() { return std::make_unique<SecretGet>(); }
std::unique_ptr<Command> make_secret_list() { return std::make_unique<SecretList>(); }
std::unique_ptr<Command> make_secret_delete() { return std::make_unique<SecretDelete>(); }

}  // namespace stoker::cli
