#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/output/run_text.hpp"
#include "cli/output/table.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

class ServerStatus final : public Command {
 public:
  void declare(Arguments&) override {}

  Result<int> run(Context& context) override {
    auto client = context.connect(client::Start::kNever);
    if (!client) return client.error().code() == ErrorCode::kServerUnreachable ? not_running(context, client.error()) : Result<int>(client.error());
    TRY(auto record, client->server());
    if (context.as_json) {
      record["running"] = true;
      context.print(record);
    } else {
      show(context, client->endpoint(), record);
    }
    return 0;
  }

 private:
  static Result<int> not_running(Context& context, const Error& error) {
    if (!context.as_json) return error;
    const auto home = client::locate_home(context.variables);
    context.print(json::object{{"running", false},
                               {"home", home ? json::value(home->directory) : nullptr},
                               {"data_dir", home ? json::value(home->data_directory) : nullptr}});
    return info(error.code()).exit_code;
  }

  static void show(Context& context, const client::Endpoint& endpoint, const json::object& record) {
    const auto& runs = client::object_of(record, "runs");
    const auto& slots = client::object_of(record, "slots");
    const auto started = client::time_of(record, "started_at");
    context.out.line(context.out.styled(endpoint.url, Style::kBold));
    context.out.write(key_values({
        {"version", client::text_of(record, "version")},
        {"pid", record.contains("pid") ? client::shown(record.at("pid")) : ""},
        {"started", started ? age(*started, SystemClock().now()) : ""},
        {"data", client::text_of(record, "data_dir")},
        {"runs", fmt::format("{} running, {} waiting", client::integer_of(runs, "running"), client::integer_of(runs, "queued"))},
        {"CPU slots", fmt::format("{} of {} used", client::integer_of(slots, "cpus_used"), client::integer_of(slots, "cpus"))},
        {"GPU slots", client::integer_of(slots, "gpus") > 0
                          ? fmt::format("{} of {} used", client::integer_of(slots, "gpus_used"), client::integer_of(slots, "gpus"))
                          : ""},
    }));
  }
};

}  // namespace

std::unique_ptr<Command> make_server_status() { return std::make_unique<ServerStatus>(); }

}  // namespace stoker::cli
