// How users name a run: an id, the beginning of one, or `latest`.
#include <fmt/format.h>

#include "base/suggest.hpp"
#include "client/client.hpp"
#include "client/records.hpp"

namespace stoker::client {
namespace {

Error no_runs() { return Error(ErrorCode::kNotFound, "there are no runs yet").hint("`stoker run submit -- python train.py` makes the first"); }

Error ambiguous(const std::string& name, const json::array& runs) {
  std::vector<Mistake> list;
  for (const auto& run : runs) list.push_back({"", run.is_object() ? run_id(run.get_object()).text() : ""});
  return Error(ErrorCode::kInvalidInput, fmt::format("several runs begin with \"{}\"", name))
      .mistakes(std::move(list))
      .hint("give more letters of the id");
}

Result<json::object> only_one(const std::string& name, const json::object& page, const Error& not_found) {
  const auto& runs = array_of(page, "runs");
  if (runs.empty()) return not_found;
  if (runs.size() > 1) return ambiguous(name, runs);
  if (!runs[0].is_object()) return Error(ErrorCode::kProtocol, "the server's list of runs has an entry that is no record");
  return json::object(runs[0].get_object());
}

}  // namespace

Result<json::object> resolve_run(Client& client, const std::string& name) {
  if (name.empty()) return Error(ErrorCode::kInvalidInput, "the run's id is empty").hint("give an id, the beginning of one, or `latest`");
  if (name == "latest") {
    TRY(const auto page, client.runs({.limit = 1}));
    return only_one(name, page, no_runs());
  }
  auto run = client.run(RunId(name));
  if (run || run.error().code() != ErrorCode::kNotFound) return run;
  auto not_found = run.error();
  if (const std::vector<std::string> word{"latest"}; !nearest(name, word).empty()) not_found.hint(did_you_mean(name, word));
  TRY(const auto page, client.runs({.prefix = name, .view = "all", .limit = 6}));
  return only_one(name, page, not_found);
}

}  // namespace stoker::client
