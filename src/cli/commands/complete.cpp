#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/completing.hpp"
#include "cli/names.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

constexpr int kLatestRuns = 50;

std::vector<Candidate> names_of(const json::array& list, std::string_view field, std::string_view meaning) {
  std::vector<Candidate> found;
  for (const auto& item : list) {
    if (item.is_object()) found.push_back({client::text_of(item.get_object(), field), client::text_of(item.get_object(), meaning)});
  }
  return found;
}

class Complete final : public Command {
 public:
  void declare(Arguments& arguments) override { arguments.rest("WORDS", words_, "the words after stoker"); }

  Result<int> run(Context& context) override {
    // A key pressed in a shell starts no server and shows no error.
    const auto look_up = [&](Values values) {
      auto client = context.connect(client::Start::kNever);
      auto found = client ? existing(*client, values) : Result<std::vector<Candidate>>(client.error());
      return found ? std::move(*found) : std::vector<Candidate>();
    };
    for (const auto& candidate : candidates(words_, look_up))
      context.out.line(candidate.meaning.empty() ? candidate.text : fmt::format("{}\t{}", candidate.text, candidate.meaning));
    return 0;
  }

 private:
  static Result<std::vector<Candidate>> existing(client::Client& client, Values values) {
    if (values == Values::kRun) {
      TRY(const auto page, client.runs({.limit = kLatestRuns}));
      auto found = names_of(client::array_of(page, "runs"), "id", "state");
      found.push_back({"latest", "the newest run"});
      return found;
    }
    if (values == Values::kWorkspace) {
      TRY(const auto record, client.workspaces());
      return names_of(client::array_of(record, "workspaces"), "name", "");
    }
    TRY(const auto workspace, workspace_id(client, ""));
    if (values == Values::kSecret) {
      TRY(const auto record, client.secrets(workspace));
      return names_of(client::array_of(record, "secrets"), "name", "");
    }
    if (values == Values::kModel) {
      TRY(const auto record, client.call("GET", fmt::format("/api/v1/workspaces/{}/models?latest=true", workspace)));
      return names_of(client::array_of(record, "models"), "name", "");
    }
    if (values == Values::kDatastore) {
      TRY(const auto record, client.call("GET", fmt::format("/api/v1/workspaces/{}/datastores", workspace)));
      return names_of(client::array_of(record, "datastores"), "name", "path");
    }
    TRY(const auto record, client.experiments(workspace));
    return names_of(client::array_of(record, "experiments"), "name", "");
  }

  std::vector<std::string> words_;
};

}  // namespace

std::unique_ptr<Command> make_complete() { return std::make_unique<Complete>(); }

}  // namespace stoker::cli
