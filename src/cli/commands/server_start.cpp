#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

class ServerStart final : public Command {
 public:
  void declare(Arguments&) override {}

  Result<int> run(Context& context) override {
    if (!client::variable(context.variables, "STOKER_URL").empty()) {
      return Error(ErrorCode::kUnsupported, "STOKER_URL names a server, and that one is not yours to start")
          .hint("unset STOKER_URL to start your own server on this machine");
    }
    TRY(const auto home, client::locate_home(context.variables));
    TRY(auto client, context.connect());
    const auto& endpoint = client.endpoint();
    if (context.as_json) {
      TRY(auto record, client.server());
      record["url"] = endpoint.url;
      record["started"] = endpoint.was_started;
      record["home"] = home.directory;
      record["token_file"] = home.token_file();
      context.print(record);
      return 0;
    }
    if (!endpoint.was_started) context.say("it is running already");
    context.out.line(endpoint.url);
    return 0;
  }
};

}  // namespace

std::unique_ptr<Command> make_server_start() { return std::make_unique<ServerStart>(); }

}  // namespace stoker::cli
