#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/output/progress.hpp"
#include "client/home.hpp"
#include "client/submit.hpp"

namespace stoker::cli {
namespace {

class SnapshotCreate final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.operand("DIR", folder_, "the folder", Values::kFolder);
    arguments.number("--max-bytes", "N", max_bytes_, 0, INT64_MAX, "refuse a folder that is larger; 0: no limit");
  }

  Result<int> run(Context& context) override {
    client::SubmitRequest request;
    request.source_directory = folder_;
    request.variables = context.variables;
    if (max_bytes_ > 0) request.max_source_bytes = static_cast<std::uint64_t>(max_bytes_);
    TRY(auto client, context.connect());
    if (const auto home = client::locate_home(context.variables); home && client::prepare_home(*home))
      request.index_directory = home->directory + "/cache/snapshots";
    ProgressLine progress(context.err);
    TRY(const auto kept, client::record_source(client, std::move(request), [&progress](const client::SubmitProgress& now) {
          progress.show("snapshot", now.bytes, now.total_bytes, fmt::format("{} of {} files", now.files, now.total_files));
        }));
    if (context.as_json) {
      json::object properties;
      for (const auto& [key, value] : kept.properties) properties[key] = value;
      context.print(json::object{{"snapshot", kept.snapshot.text()}, {"properties", std::move(properties)}, {"diff", json_or_null(kept.diff)}});
      return 0;
    }
    context.out.line(kept.snapshot.text());
    return 0;
  }

 private:
  std::string folder_;
  std::int64_t max_bytes_ = 0;
};

}  // namespace

std::unique_ptr<Command> make_snapshot_create() { return std::make_unique<SnapshotCreate>(); }

}  // namespace stoker::cli
