#include "environments/user_managed/user_managed.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "environments/user_managed/interpreter.hpp"
#include "environments/user_managed/probe.hpp"

namespace stoker::environments {
namespace {

namespace fs = std::filesystem;

class UserManagedTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "user-managed-XXXXXX";
    root_ = ::mkdtemp(pattern.data());
    fs::create_directories(root_ + "/bin");
    variables_ = {{"PATH", root_ + "/bin:/usr/bin:/bin"}, {"HOME", root_}};
  }
  void TearDown() override { fs::remove_all(root_); }
  /// A program that answers as Python does, of the version given.
  std::string put_python(const std::string& path, const std::string& version) {
    return put(path, "#!/bin/sh\necho started >> '" + root_ + "/starts'\nprintf 'stoker-python " + version + "'\n");
  }
  std::string put(const std::string& path, const std::string& text, bool executable = true) {
    const auto full = root_ + "/" + path;
    fs::create_directories(fs::path(full).parent_path());
    std::ofstream(full) << text;
    if (executable) fs::permissions(full, fs::perms::owner_all);
    return full;
  }
  int starts() {
    std::ifstream file(root_ + "/starts");
    return static_cast<int>(std::count(std::istreambuf_iterator<char>(file), {}, '\n'));
  }
  EnvironmentSpec named(const std::string& interpreter) {
    EnvironmentSpec spec;
    spec.settings["interpreter"] = interpreter;
    return spec;
  }
  std::string mistake(const EnvironmentSpec& spec, const Program& program) {
    const auto outcome = kind_.validate(spec, program, variables_);
    return outcome ? "" : outcome.error().mistake_list().at(0).message;
  }
  std::string interpreter_of(const EnvironmentSpec& spec) {
    const auto lock = kind_.resolve(spec, variables_);
    return lock ? std::string(lock->content.at("interpreter").as_string()) : lock.error().to_line();
  }

  const EnvironmentKind& kind_ = user_managed_kind();
  const Program script_{"train.py", {}, {}, std::nullopt};
  std::string root_;
  Variables variables_;
};

TEST_F(UserManagedTest, NameIsLookedUpOnTheRunsPath) {
  const auto path = put_python("bin/python3.99", "3.99.1");
  EXPECT_TRUE(kind_.validate(named("python3.99"), script_, variables_));
  EXPECT_EQ(interpreter_of(named("python3.99")), path);
  EXPECT_EQ(kind_.describe(*kind_.resolve(named("python3.99"), variables_), variables_).at("version").as_string(), "3.99.1");
}

TEST_F(UserManagedTest, MissingNameListsWhatIsThere) {
  put_python("bin/python3.99", "3.99.1");
  variables_["PATH"] = root_ + "/bin";
  const auto text = mistake(named("python3.98"), script_);
  EXPECT_NE(text.find("\"python3.98\" is not on the run's PATH"), std::string::npos) << text;
  EXPECT_NE(text.find("found: " + root_ + "/bin/python3.99"), std::string::npos) << text;
}

TEST_F(UserManagedTest, MissingPathListsItsNeighbours) {
  put_python("other/bin/python3", "3.9.0");
  const auto text = mistake(named(root_ + "/other/bin/python"), script_);
  EXPECT_NE(text.find("does not exist"), std::string::npos) << text;
  EXPECT_NE(text.find("found: " + root_ + "/other/bin/python3"), std::string::npos) << text;
}

TEST_F(UserManagedTest, FolderOfAVirtualEnvironmentIsEntered) {
  const auto path = put_python("venv/bin/python", "3.11.0");
  put("venv/pyvenv.cfg", "", false);
  for (const auto& folder : {root_ + "/venv", root_ + "/venv/", std::string("~/venv")}) {
    const auto lock = kind_.resolve(named(folder), variables_);
    ASSERT_TRUE(lock) << lock.error().to_line();
    EXPECT_EQ(lock->content.at("interpreter").as_string(), path);
    const auto prepared = *kind_.prepare(*lock, root_);
    EXPECT_EQ(prepared.variables, (Variables{{"VIRTUAL_ENV", root_ + "/venv"}}));
    EXPECT_EQ(prepared.path_prefix, (std::vector<std::string>{root_ + "/venv/bin"}));
  }
}

TEST_F(UserManagedTest, FolderOfACondaEnvironmentSetsItsPrefix) {
  put_python("conda/bin/python", "3.8.0");
  fs::create_directories(root_ + "/conda/conda-meta");
  const auto prepared = *kind_.prepare(*kind_.resolve(named(root_ + "/conda"), variables_), root_);
  EXPECT_EQ(prepared.variables, (Variables{{"CONDA_PREFIX", root_ + "/conda"}}));
}

TEST_F(UserManagedTest, FolderWithoutInterpreterSaysSo) { EXPECT_NE(mistake(named(root_), script_).find("has no bin/python"), std::string::npos); }

TEST_F(UserManagedTest, WhatIsNoPythonIsRefusedWithItsWords) {
  const auto path = put("bin/not-python", "#!/bin/sh\necho 'cannot find libpython' >&2\nexit 3\n");
  const auto text = mistake(named(path), script_);
  EXPECT_NE(text.find("does not answer as a Python interpreter: cannot find libpython"), std::string::npos) << text;
  EXPECT_NE(mistake(named("/bin/true"), script_).find("does not answer"), std::string::npos);
  EXPECT_NE(mistake(named(put("plain", "x", false)), script_).find("cannot be executed"), std::string::npos);
  EXPECT_NE(mistake(named(put("broken", "#!/no/such/interpreter\n")), script_).find("does not start"), std::string::npos);
}

TEST_F(UserManagedTest, RelativePathIsRefused) { EXPECT_NE(mistake(named("venv/bin/python"), script_).find("relative path"), std::string::npos); }

TEST_F(UserManagedTest, EveryMistakeIsReported) {
  auto spec = named("python3.98");
  spec.settings["interpeter"] = "x";
  const auto outcome = kind_.validate(spec, Program{std::nullopt, {}, {"no-such-program-x"}, std::nullopt}, variables_);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().mistake_list().size(), 3U);
}

TEST_F(UserManagedTest, InterpreterIsAskedOnceUntilItChanges) {
  const auto path = put_python("bin/python3.99", "3.99.1");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(*python_version(path, variables_), "3.99.1");
  EXPECT_EQ(starts(), 1);
  put_python("bin/python3.99", "3.99.25");
  EXPECT_EQ(*python_version(path, variables_), "3.99.25");
  EXPECT_EQ(starts(), 2);
}

TEST_F(UserManagedTest, ResolvingStartsNothingAndTheDigestFollowsTheProgram) {
  put_python("bin/python3.99", "3.99.1");
  const auto before = kind_.resolve(named("python3.99"), variables_)->digest;
  put_python("bin/python3.99", "3.99.25");
  EXPECT_NE(kind_.resolve(named("python3.99"), variables_)->digest, before);
  EXPECT_EQ(starts(), 0);
}

TEST_F(UserManagedTest, OnlyAScriptNeedsAnInterpreter) {
  variables_["PATH"] = root_ + "/bin";
  put("bin/tool", "#!/bin/sh\n");
  EXPECT_TRUE(kind_.validate(EnvironmentSpec{}, Program{std::nullopt, {}, {"tool"}, std::nullopt}, variables_));
  EXPECT_TRUE(kind_.validate(EnvironmentSpec{}, Program{std::nullopt, {}, {}, "true"}, variables_));
  EXPECT_NE(mistake(EnvironmentSpec{}, script_).find("neither python3 nor python"), std::string::npos);
  const auto lock = *kind_.resolve(EnvironmentSpec{}, variables_);
  EXPECT_FALSE(kind_.command(lock, script_, variables_, root_));
  EXPECT_EQ(kind_.command(lock, Program{std::nullopt, {}, {"tool", "x"}, std::nullopt}, variables_, root_)->front(), root_ + "/bin/tool");
}

TEST_F(UserManagedTest, MisspelledProgramGetsASuggestion) {
  put("bin/frobnicate", "#!/bin/sh\n");
  const auto text = mistake(EnvironmentSpec{}, Program{std::nullopt, {}, {"frobnicat"}, std::nullopt});
  EXPECT_NE(text.find("did you mean \"frobnicate\"?"), std::string::npos) << text;
}

TEST_F(UserManagedTest, RelativeProgramLiesInTheSourceFolder) {
  put("work/run.sh", "#!/bin/sh\n");
  const Program program{std::nullopt, {}, {"./run.sh"}, std::nullopt};
  EXPECT_TRUE(kind_.validate(EnvironmentSpec{}, program, variables_));
  const auto lock = *kind_.resolve(EnvironmentSpec{}, variables_);
  EXPECT_EQ(kind_.command(lock, program, variables_, root_ + "/work")->front(), root_ + "/work/./run.sh");
  EXPECT_FALSE(kind_.command(lock, program, variables_, root_));
}

TEST_F(UserManagedTest, ScriptNamedLikeAnOptionIsStillAScript) {
  put_python("bin/python3", "3.9.0");
  const auto command = *kind_.command(*kind_.resolve(EnvironmentSpec{}, variables_), Program{"-x.py", {}, {}, std::nullopt}, variables_, root_);
  EXPECT_EQ(command[1], "./-x.py");
}

TEST_F(UserManagedTest, ProbeEndsWhatTakesTooLong) {
  const auto outcome = probe({"/bin/sh", "-c", "echo here; sleep 100 & sleep 100"}, {"PATH=/bin"}, std::chrono::milliseconds(200));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::kTimeout);
}

TEST_F(UserManagedTest, ProbeBoundsWhatItKeeps) {
  const auto outcome =
      probe({"/bin/sh", "-c", "head -c 100000 /dev/zero; head -c 100000 /dev/zero >&2; exit 4"}, {"PATH=/usr/bin:/bin"}, std::chrono::seconds(10));
  ASSERT_TRUE(outcome) << outcome.error().to_line();
  EXPECT_EQ(outcome->output.size(), 4096U);
  EXPECT_EQ(outcome->errors.size(), 4096U);
  EXPECT_EQ(WEXITSTATUS(outcome->status), 4);
}

}  // namespace
}  // namespace stoker::environments
