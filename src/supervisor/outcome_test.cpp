#include "supervisor/outcome.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include "base/json.hpp"

namespace stoker::supervisor {
namespace {

constexpr int exit_status(int code) { return code << 8; }

Outcome of_output(int status, std::string_view output, bool out_of_memory = false) {
  Ending ending;
  ending.wait_status = status;
  ending.last_output = output;
  ending.out_of_memory = out_of_memory;
  return outcome_of(ending);
}

TEST(Outcome, ZeroIsNoError) {
  const auto outcome = of_output(0, "Traceback (most recent call last):\n  File \"x\"\nValueError: caught and printed\n");
  EXPECT_EQ(outcome.end.reason, EndReason::kExited);
  EXPECT_EQ(outcome.end.exit_code, 0);
  EXPECT_EQ(outcome.end.message, "exited with code 0");
  EXPECT_FALSE(outcome.error);
}

TEST(Outcome, PythonTracebackNamesTheException) {
  const auto outcome = of_output(exit_status(1),
                                 "epoch 1\nTraceback (most recent call last):\n  File \"train.py\", line 3, in <module>\n    main()\n"
                                 "  File \"train.py\", line 2, in main\n    raise ValueError('alpha: too big')\nValueError: alpha: too big\n");
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.end.message, "exited with code 1");
  EXPECT_EQ(outcome.error->code, "UserError");
  EXPECT_EQ(outcome.error->type, "ValueError");
  EXPECT_EQ(outcome.error->message, "User program failed with ValueError: alpha: too big");
  EXPECT_TRUE(outcome.error->trace.starts_with("Traceback (most recent call last):"));
  EXPECT_TRUE(outcome.error->trace.ends_with("ValueError: alpha: too big"));
}

TEST(Outcome, TheLastOfChainedExceptionsCounts) {
  const auto outcome = of_output(exit_status(1),
                                 "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\nKeyError: 'x'\n\n"
                                 "During handling of the above exception, another exception occurred:\n\n"
                                 "Traceback (most recent call last):\n  File \"a.py\", line 3, in <module>\n"
                                 "torch.cuda.OutOfMemoryError: CUDA out of memory.\nTried to allocate 2 GiB\n");
  EXPECT_EQ(outcome.error->type, "OutOfMemoryError");
  EXPECT_EQ(outcome.error->message, "User program failed with OutOfMemoryError: CUDA out of memory.");
}

TEST(Outcome, ExceptionWithoutMessage) {
  const auto outcome = of_output(exit_status(1), "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\nAssertionError\n");
  EXPECT_EQ(outcome.error->message, "User program failed with AssertionError");
}

TEST(Outcome, SyntaxErrorOfTheScript) {
  const auto outcome = of_output(exit_status(1), "  File \"train.py\", line 1\n    def\n       ^\nSyntaxError: invalid syntax\n");
  EXPECT_EQ(outcome.error->message, "User program failed with SyntaxError: invalid syntax");
}

TEST(Outcome, MissingModuleNamesThePackage) {
  const auto outcome = of_output(exit_status(1),
                                 "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\n    import sklearn.linear_model\n"
                                 "ModuleNotFoundError: No module named 'sklearn'\n");
  EXPECT_EQ(outcome.error->hint, "add the package scikit-learn to the environment");
  EXPECT_EQ(package_of_module("cv2"), "opencv-python");
  EXPECT_EQ(package_of_module("yaml"), "PyYAML");
  EXPECT_EQ(package_of_module("PIL.Image"), "pillow");
  EXPECT_EQ(package_of_module("google.protobuf.message"), "protobuf");
  EXPECT_EQ(package_of_module("pandas.core"), "pandas");
}

TEST(Outcome, AnOldTracebackIsNotTheReason) {
  std::string output = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nValueError: retried\n";
  for (int i = 0; i < 1000; ++i) output += "went on for long\n";
  const auto outcome = of_output(exit_status(3), output);
  EXPECT_EQ(outcome.error->message, "User program failed with exit code 3");
  EXPECT_EQ(outcome.error->type, "");
  EXPECT_LE(outcome.error->trace.size(), 3000U);
}

TEST(Outcome, ExitCodeWithoutTracebackKeepsTheLastLines) {
  const auto outcome = of_output(exit_status(127), "sh: 1: foo: not found\n");
  EXPECT_EQ(outcome.end.exit_code, 127);
  EXPECT_EQ(outcome.error->trace, "sh: 1: foo: not found");
  EXPECT_NE(outcome.error->hint.find("PATH"), std::string::npos);
}

TEST(Outcome, TraceIsShortValidTextWhateverTheOutput) {
  std::string output;
  for (int i = 0; i < 20000; ++i) output += "\xff\xc3ü";
  const auto outcome = of_output(exit_status(1), output);
  EXPECT_LE(outcome.error->trace.size(), 3000U);
  EXPECT_TRUE(is_valid_utf8(outcome.error->trace));
}

TEST(Outcome, SignalsHaveNames) {
  const auto outcome = of_output(SIGSEGV, "");
  EXPECT_EQ(outcome.end.reason, EndReason::kSignaled);
  EXPECT_EQ(outcome.end.signal, SIGSEGV);
  EXPECT_EQ(outcome.end.message, "killed by SIGSEGV");
  EXPECT_EQ(signal_name(SIGRTMIN + 3), "signal " + std::to_string(SIGRTMIN + 3));
}

TEST(Outcome, OutOfMemoryIsToldApartFromAKill) {
  EXPECT_EQ(of_output(SIGKILL, "", true).end.reason, EndReason::kOutOfMemory);
  EXPECT_EQ(of_output(exit_status(137), "", true).end.reason, EndReason::kOutOfMemory) << "through a shell";
  EXPECT_EQ(of_output(SIGKILL, "").end.reason, EndReason::kSignaled);
  const auto worker = of_output(exit_status(1), "worker died\n", true);
  EXPECT_EQ(worker.end.reason, EndReason::kExited);
  EXPECT_NE(worker.error->hint.find("memory"), std::string::npos);
}

TEST(Outcome, WhatStoppedItCounts) {
  Ending ending;
  ending.wait_status = SIGTERM;
  ending.cause = StopCause::kCanceled;
  ending.by = "ann";
  auto outcome = outcome_of(ending);
  EXPECT_EQ(outcome.end.reason, EndReason::kCanceled);
  EXPECT_EQ(outcome.end.message, "canceled by ann");
  EXPECT_FALSE(outcome.error);
  ending.cause = StopCause::kTimeLimit;
  ending.limit_seconds = 60;
  outcome = outcome_of(ending);
  EXPECT_EQ(outcome.end.reason, EndReason::kTimeLimit);
  EXPECT_EQ(outcome.end.message, "killed: time limit of 60 s");
  ending.cause = StopCause::kShutdown;
  ending.by = "its supervisor was stopped";
  EXPECT_EQ(outcome_of(ending).end.message, "lost: its supervisor was stopped");
}

TEST(Outcome, FailedStartKeepsWhatToDo) {
  const auto outcome =
      outcome_of_failed_start(Error(ErrorCode::kEnvironmentInvalid, "the interpreter /x/python is not there").hint("use /usr/bin/python3"));
  EXPECT_EQ(outcome.end.reason, EndReason::kStartFailed);
  EXPECT_EQ(outcome.error->code, "UserError");
  EXPECT_EQ(outcome.error->hint, "use /usr/bin/python3");
  EXPECT_EQ(outcome_of_failed_start(Error(ErrorCode::kStorageFull, "no space")).error->code, "ServiceError");
}

}  // namespace
}  // namespace stoker::supervisor
