#include <fmt/format.h>

#include "cli/commands/commands.hpp"

namespace stoker::cli {
namespace {

class Version final : public Command {
 public:
  void declare(Arguments&) override {}

  Result<int> run(Context& context) override {
    if (context.as_json) context.print(json::object{{"version", STOKER_VERSION}, {"api_version", 1}});
    else context.out.line(fmt::format("stoker {}", STOKER_VERSION));
    return 0;
  }
};

}  // namespace

std::unique_ptr<Command> make_version() { return std::make_unique<Version>(); }

}  // namespace stoker::cli
