#include <fmt/format.h>

#include <charconv>

#include "cli/commands/commands.hpp"
#include "client/console/session.hpp"

namespace stoker::cli {
namespace {

/// Not for people: the process beside a tracked program (client/console/). Descriptors are numbers that our parent passes on.
class Console final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.text("--run", "ID", run_, "whose output it is");
    arguments.text("--instance", "ID", session_.instance, "of the server's data");
    arguments.flag("--owns", session_.owns, "heartbeats, and the run's end");
    arguments.text("--interpreter", "PYTHON", session_.interpreter, "whose environment is told");
    arguments.number("--owner", "PID", owner_, 1, INT32_MAX, "gets SIGTERM when the run is canceled");
    arguments.number("--control", "FD", control_, 3, INT32_MAX, "what our parent says");
    arguments.number("--reply", "FD", reply_, 3, INT32_MAX, "what we answer");
    arguments.texts("--input", "FD:STREAM:ECHO", given_, "a pipe, its stream, and where it goes on to (-1: nowhere)");
  }

  Result<int> run(Context& context) override {
    for (const auto& text : given_) CHECK_OK(read_input(text));
    session_.run = RunId(run_);
    session_.owner = static_cast<pid_t>(owner_);
    const auto connect = [&context, instance = session_.instance]() -> Result<client::Client> {
      TRY(auto client, context.connect(client::Start::kAfterCrash));
      if (instance.empty()) return client;
      TRY(const auto found, client::server_instance(client.endpoint().url));
      if (found != instance)
        return Error(ErrorCode::kServerUnreachable, fmt::format("the server at {} is not the one of this run", client.endpoint().url));
      return client;
    };
    context.as_json = true;  // no talk
    const bool is_left_over = inputs_.empty();
    if (is_left_over && !connect()) return 1;
    return client::run_console({.session = session_,
                                .inputs = std::move(inputs_),
                                .control = static_cast<int>(control_),
                                .reply = static_cast<int>(reply_),
                                .variables = context.variables,
                                .connect = connect});
  }

 private:
  Status read_input(const std::string& text) {
    client::ConsoleInput input;
    int stream = 0;
    const char* end = text.data() + text.size();
    auto at = std::from_chars(text.data(), end, input.fd);
    if (at.ec == std::errc() && at.ptr != end) at = std::from_chars(at.ptr + 1, end, stream);
    if (at.ec == std::errc() && at.ptr != end) at = std::from_chars(at.ptr + 1, end, input.echo);
    if (at.ec != std::errc() || at.ptr != end) return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is not FD:STREAM:ECHO", text));
    input.stream = static_cast<std::uint8_t>(stream);
    inputs_.push_back(input);
    return ok();
  }

  std::string run_;
  std::int64_t owner_ = 0, control_ = -1, reply_ = -1;
  client::ConsoleSession session_;
  std::vector<std::string> given_;
  std::vector<client::ConsoleInput> inputs_;
};

}  // namespace

std::unique_ptr<Command> make_console() { return std::make_unique<Console>(); }

}  // namespace stoker::cli
