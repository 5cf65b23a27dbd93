#include "client/submit.hpp"

#include <sys/stat.h>

#include "client/inherited.hpp"
#include "client/test_home.hpp"
#include "domain/names.hpp"

namespace stoker::client {
namespace {

class SubmitCheck : public TestHome {
 protected:
  SubmitCheck() {
    EXPECT_TRUE(io::make_directories(folder_ + "/src/bin"));
    write("src/train.py", "");
    request_.variables = variables_;
    request_.source_directory = folder_ + "/src";
  }
  Error error() const {
    const auto status = check_submit(request_);
    return status ? Error(ErrorCode::kInternal, "accepted") : status.error();
  }

  SubmitRequest request_;
};

TEST_F(SubmitCheck, ScriptOfTheFolderIsAccepted) {
  request_.spec.script = "train.py";
  EXPECT_TRUE(check_submit(request_));
}

TEST_F(SubmitCheck, MissingScriptSuggestsTheOneThatIsThere) {
  request_.spec.script = "trian.py";
  EXPECT_EQ(error().code(), ErrorCode::kScriptNotFound);
  EXPECT_EQ(error().hint_text(), "did you mean \"train.py\"?");
}

TEST_F(SubmitCheck, ScriptOfACommandLineIsLookedForToo) {
  request_.spec.argv = {"sh", "-c", "true"};
  EXPECT_TRUE(check_submit(request_));
  write("src/python3", "#!/bin/sh\n", 0700);
  request_.variables["PATH"] = folder_ + "/src";
  request_.spec.argv = {"python3", "tran.py"};
  EXPECT_EQ(error().code(), ErrorCode::kScriptNotFound);
}

TEST_F(SubmitCheck, ScriptOutsideTheFolderIsRefused) {
  for (const auto* script : {"../train.py", "a/../../train.py"}) {
    request_.spec.script = script;
    EXPECT_EQ(error().code(), ErrorCode::kScriptNotFound) << script;
  }
}

TEST_F(SubmitCheck, ProgramThatIsNotOnPathIsNamed) {
  request_.spec.argv = {"no-such-program"};
  EXPECT_EQ(error().code(), ErrorCode::kEnvironmentInvalid);
  EXPECT_EQ(error().message(), "the program no-such-program is not on PATH");
  request_.is_same_machine = false;
  EXPECT_TRUE(check_submit(request_)) << "another machine may have it";
}

TEST_F(SubmitCheck, AllMistakesComeTogether) {
  request_.spec.script = "trian.py";
  request_.spec.environment.settings["interpreter"] = "/no/python";
  EXPECT_EQ(error().code(), ErrorCode::kInvalidInput);
  ASSERT_EQ(error().mistake_list().size(), 2U);
  EXPECT_EQ(error().mistake_list()[0].path, "script");
  EXPECT_EQ(error().mistake_list()[1].path, "environment.interpreter");
}

TEST_F(SubmitCheck, FolderMustBeThereAndAFolder) {
  request_.spec.script = "train.py";
  request_.source_directory = folder_ + "/nowhere";
  EXPECT_EQ(error().code(), ErrorCode::kSourceInvalid);
  request_.source_directory = folder_ + "/src/train.py";
  EXPECT_EQ(error().code(), ErrorCode::kSourceInvalid);
}

TEST(Inherited, TakesWhatAShellGivesAndNothingSecret) {
  for (const auto* name :
       {"PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "LC_ALL", "PYTHONPATH", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "CUDA_HOME", "TOKENIZERS_PARALLELISM"})
    EXPECT_TRUE(is_inherited(name)) << name;
  for (const auto* name : {"AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "CONDA_TOKEN", "PYTHON_KEYRING_PASSWORD", "STOKER_TOKEN", "SSH_AUTH_SOCK",
                           "http_proxy", "PIP_INDEX_URL", "MKL_LICENSE_KEY", "X"})
    EXPECT_FALSE(is_inherited(name)) << name;
}

TEST(LooksSecret, ByTheWordsOfItsName) {
  for (const auto* name : {"KEY", "API_KEY", "wandb_api_key", "DB_PASSWORD", "MY_PAT", "CLIENT_SECRET"}) EXPECT_TRUE(looks_secret(name)) << name;
  for (const auto* name : {"KEYBOARD", "PATH", "MONKEY", "PATTERN"}) EXPECT_FALSE(looks_secret(name)) << name;
}

class WorkspaceConfig : public TestHome {
 protected:
  WorkspaceConfig() { EXPECT_TRUE(io::make_directories(folder_ + "/a/b/.azureml")); }
  static constexpr const char* kNamed = R"({"subscription_id": "s", "resource_group": "g", "workspace_name": "w"})";
};

TEST_F(WorkspaceConfig, NoneWithoutAFile) { EXPECT_FALSE(*configured_workspace(folder_ + "/a/b")); }

TEST_F(WorkspaceConfig, FolderOfAParentBeatsTheBareFileHere) {
  ASSERT_TRUE(io::make_directories(folder_ + "/.azureml"));
  write(".azureml/config.json", kNamed);
  write("a/b/config.json", R"({"subscription_id": "s", "resource_group": "g", "workspace_name": "bare"})");
  std::string found;
  const auto name = configured_workspace(folder_ + "/a/b", &found);
  EXPECT_EQ((*name)->name, "w");
  EXPECT_EQ(found, folder_ + "/.azureml/config.json");
}

TEST_F(WorkspaceConfig, ScopeAndOldNamesAreRead) {
  write("a/config.json", "\xef\xbb\xbf{\"Scope\": \"/subscriptions/S/resourceGroups/G/providers/Microsoft.ML/workspaces/W\"}");
  EXPECT_EQ(**configured_workspace(folder_ + "/a"), (WorkspaceName{"S", "G", "W"}));
  write("a/config.json", R"({"subscription_id": "s", "resource_group": "g", "project_name": "p"})");
  EXPECT_EQ((*configured_workspace(folder_ + "/a"))->name, "p");
}

TEST_F(WorkspaceConfig, ForeignFilesAreLeftAloneAndHalfOnesAreMistakes) {
  write("a/config.json", R"({"port": 80})");
  EXPECT_FALSE(*configured_workspace(folder_ + "/a"));
  write("a/config.json", "no json");
  EXPECT_FALSE(*configured_workspace(folder_ + "/a"));
  write("a/config.json", R"({"workspace_name": "w"})");
  EXPECT_EQ(configured_workspace(folder_ + "/a").error().code(), ErrorCode::kInvalidInput);
}

}  // namespace
}  // namespace stoker::client
