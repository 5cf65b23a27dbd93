#include "runs/explain.hpp"

#include <gtest/gtest.h>

namespace stoker::runs {
namespace {

Run a_run(RunState state) {
  Run run;
  run.id = RunId("r");
  run.state = state;
  return run;
}
Explanation explained(const Run& run, const Circumstances& known = {}) { return explain(run, known, from_micros(65'000'000)); }

TEST(Explain, WaitingRunSaysWhoIsAheadAndWhatTheFirstWaitsFor) {
  const auto answer = explained(a_run(RunState::kNotStarted), {.waits = {"waits for 1 GPU: 1 of 1 are used by a"}, .ahead = 3});
  EXPECT_EQ(answer.ahead, 3);
  EXPECT_EQ(answer.reasons, (std::vector<std::string>{"waits for its turn on the target \"local\": 3 runs are ahead",
                                                      "the first in the line waits for 1 GPU: 1 of 1 are used by a"}));
}
TEST(Explain, HeadOfTheLineSaysWhatItWaitsFor) {
  const auto answer = explained(a_run(RunState::kNotStarted), {.waits = {"waits for 1 CPU slot: 2 of 2 are used by a, b"}, .ahead = 0});
  EXPECT_EQ(answer.reasons, std::vector<std::string>{"waits for 1 CPU slot: 2 of 2 are used by a, b"});
}
TEST(Explain, TroubleOfTheTargetIsTold) {
  const auto answer = explained(a_run(RunState::kNotStarted), {.ahead = 0, .start_trouble = "no space left"});
  EXPECT_EQ(answer.reasons.front(), "the target \"local\" could not start it and will be asked again: no space left");
}
TEST(Explain, RunningSaysHowLongAndWhetherItIsConnected) {
  auto run = a_run(RunState::kRunning);
  run.started_at = from_micros(0);
  const auto answer = explained(run);
  EXPECT_EQ(answer.reasons, (std::vector<std::string>{"runs for 1 min 5 s", "its supervisor is not connected at the moment; nothing is lost"}));
  EXPECT_EQ(answer.ahead, std::nullopt);
}
TEST(Explain, FailureSaysHowAndWhatToDo) {
  auto run = a_run(RunState::kFailed);
  run.end = RunEnd{.reason = EndReason::kExited, .exit_code = 1, .signal = {}, .message = "exited with code 1"};
  run.error = RunError{.code = "UserError", .message = "No module named sklearn", .type = {}, .trace = {}, .hint = "add the package scikit-learn"};
  EXPECT_EQ(explained(run).reasons,
            (std::vector<std::string>{"failed: exited with code 1", "No module named sklearn", "add the package scikit-learn"}));
}
TEST(Explain, EveryStateHasAReason) {
  for (std::size_t i = 0; i < kRunStateCount; ++i) {
    auto run = a_run(static_cast<RunState>(i));
    if (is_terminal(run.state)) run.end = RunEnd{.message = "x"};
    const auto answer = explained(run);
    ASSERT_FALSE(answer.reasons.empty()) << to_text(run.state);
    EXPECT_FALSE(answer.reasons.front().empty());
    EXPECT_EQ(to_json(answer).size(), 4U);
  }
}

}  // namespace
}  // namespace stoker::runs
