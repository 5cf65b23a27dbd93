#include <algorithm>

#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/output/text.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

class ServerCheck final : public Command {
 public:
  void declare(Arguments&) override {}

  Result<int> run(Context& context) override {
    TRY(auto client, context.connect());
    TRY(const auto record, client.check_server());
    const auto& checks = client::array_of(record, "checks");
    const auto is_good = [](const json::value& check) { return check.is_object() && client::is_set(check.get_object(), "ok"); };
    if (context.as_json) context.print(record);
    for (const auto& check : checks) {
      if (!context.as_json && check.is_object()) show(context, check.get_object());
    }
    const bool all_good = std::ranges::all_of(checks, is_good);
    if (!all_good) context.say("`stoker server logs` may say more");
    return all_good ? 0 : info(ErrorCode::kIo).exit_code;
  }

 private:
  static void show(Context& context, const json::object& check) {
    const bool is_good = client::is_set(check, "ok");
    const auto mark = context.out.styled(is_good ? "ok    " : "FAILED", is_good ? Style::kGreen : Style::kRed);
    context.out.line(fmt::format("{}  {}  {}", mark, padded(client::text_of(check, "name"), 16), harmless(client::text_of(check, "message"), false)));
  }
};

}  // namespace

std::unique_ptr<Command> make_server_check() { return std::make_unique<ServerCheck>(); }

}  // namespace stoker::cli
