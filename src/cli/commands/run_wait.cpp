#include <algorithm>
#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "cli/commands/commands.hpp"
#include "cli/interrupt.hpp"
#include "client/records.hpp"

namespace stoker::cli {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kFirstPause{50};
constexpr std::chrono::milliseconds kLongestPause{500};

class RunWait final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.operands("RUN", runs_, "ids, beginnings of them, or latest", Values::kRun);
    arguments.text("--timeout", "TIME", timeout_, "give up after this time: 90s, 15m, 2h");
  }

  Result<int> run(Context& context) override {
    auto until = Steady::time_point::max();
    if (!timeout_.empty()) {
      TRY(const auto timeout, parse_duration(timeout_));
      until = Steady::now() + timeout;
    }
    TRY(auto client, context.connect());
    std::vector<RunId> ids;
    for (const auto& name : runs_) {
      TRY(const auto run, client::resolve_run(client, name));
      ids.push_back(client::run_id(run));
    }
    const FarewellOnInterrupt interrupt("", "\nThe runs go on.\n");
    json::array records;
    Status worst = ok();
    for (const auto& id : ids) {
      TRY(const auto run, wait_for(client, id, until));
      context.say(fmt::format("run {} {}", id.text(), client::ending(run)));
      if (auto outcome = client::run_outcome(run); worst && !outcome) worst = std::move(outcome);
      records.push_back(run);
    }
    if (context.as_json) context.print(json::object{{"runs", std::move(records)}});
    return worst ? 0 : info(worst.error().code()).exit_code;
  }

 private:
  Result<json::object> wait_for(client::Client& client, const RunId& id, Steady::time_point until) {
    for (auto pause = kFirstPause;; pause = std::min(pause * 3 / 2, kLongestPause)) {
      TRY(auto run, client.run(id));
      if (client::is_over(run)) return run;
      if (Steady::now() >= until) {
        return Error(ErrorCode::kTimeout, fmt::format("run {} {} after {}", id.text(), client::ending(run), timeout_))
            .hint(fmt::format("it goes on; `stoker run explain {}` says what it does", id.text()));
      }
      std::this_thread::sleep_until(std::min<Steady::time_point>(until, Steady::now() + pause));
    }
  }

  std::vector<std::string> runs_;
  std::string timeout_;
};

}  // namespace

std::unique_ptr<Command> make_run_wait() { return std::make_unique<RunWait>(); }

}  // namespace stoker::cli
