#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "client/records.hpp"
#include "io/process.hpp"

namespace stoker::cli {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{15};

class ServerStop final : public Command {
 public:
  void declare(Arguments&) override {}

  Result<int> run(Context& context) override {
    auto client = context.connect(client::Start::kNever);
    if (!client && client.error().code() == ErrorCode::kServerUnreachable) return tell(context, false);
    if (!client) return client.error();
    const auto home = client::locate_home(context.variables);
    const auto record = home && client->endpoint().is_own ? client::read_server_record(*home) : std::nullopt;
    CHECK_OK(client->stop_server());
    if (record) CHECK_OK(wait_for_end(record->process));
    return tell(context, true);
  }

 private:
  static Status wait_for_end(const io::ProcessIdentity& process) {
    for (const auto until = Steady::now() + kPatience; io::is_alive(process); std::this_thread::sleep_for(std::chrono::milliseconds(10))) {
      if (Steady::now() > until)
        return Error(ErrorCode::kTimeout, fmt::format("the server (pid {}) was told to stop and is still there", process.pid))
            .hint("`stoker server logs` says what it does");
    }
    return ok();
  }

  static Result<int> tell(Context& context, bool was_running) {
    if (context.as_json) context.print(json::object{{"stopped", was_running}});
    else context.say(was_running ? "the server stopped; runs go on, and the next command starts it again" : "no server is running");
    return 0;
  }
};

}  // namespace

std::unique_ptr<Command> make_server_stop() { return std::make_unique<ServerStop>(); }

}  // namespace stoker::cli
