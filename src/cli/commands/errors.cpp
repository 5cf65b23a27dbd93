#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/exit_codes.hpp"
#include "cli/output/table.hpp"

namespace stoker::cli {
namespace {

class Errors final : public Command {
 public:
  void declare(Arguments&) override {}

  Result<int> run(Context& context) override {
    if (context.as_json) {
      json::array list;
      for (const auto& row : error_code_table()) {
        list.push_back({{"code", row.slug}, {"http_status", row.http_status}, {"exit_code", row.exit_code}, {"sentence", row.sentence}});
      }
      context.print(json::object{{"errors", std::move(list)}});
      return 0;
    }
    for (const auto& [code, meaning] : exit_codes()) context.out.line(fmt::format("{:>4}  {}", code, meaning));
    context.out.line();
    Table table({{"ERROR"}, {"EXIT", true}, {"HTTP", true}, {"MEANING", false, true}});
    for (const auto& row : error_code_table())
      table.add({std::string(row.slug), std::to_string(row.exit_code), std::to_string(row.http_status), std::string(row.sentence)});
    context.out.write(table.render(context.out.terminal()));
    return 0;
  }
};

}  // namespace

std::unique_ptr<Command> make_errors() { return std::make_unique<Errors>(); }

}  // namespace stoker::cli
