#include "client/git.hpp"

#include <stdlib.h>

#include "client/test_home.hpp"

namespace stoker::client {
namespace {

TEST(WithoutCredentials, StripsWhatGivesAccessAndNothingElse) {
  EXPECT_EQ(without_credentials("https://ada:s3cret@host/x.git"), "https://host/x.git");
  EXPECT_EQ(without_credentials("https://ghp_token@github.com/x"), "https://github.com/x");
  EXPECT_EQ(without_credentials("https://a@b:c@host:8443/x?y=z"), "https://host:8443/x?y=z");
  EXPECT_EQ(without_credentials("ssh://git@host/x"), "ssh://git@host/x");
  EXPECT_EQ(without_credentials("ssh://git:pw@host:22/x"), "ssh://git@host:22/x");
  EXPECT_EQ(without_credentials("git@host:team/x.git"), "git@host:team/x.git");
  EXPECT_EQ(without_credentials("https://host/path@v1"), "https://host/path@v1");
  EXPECT_EQ(without_credentials("/srv/git/x"), "/srv/git/x");
}

class GitTest : public TestHome {
 protected:
  void SetUp() override {
    if (!io::find_program("git", variable(variables_, "PATH"))) GTEST_SKIP() << "needs git";
    ASSERT_TRUE(io::make_directories(folder_ + "/repo"));
    ASSERT_EQ(git("init -q -b trunk && git config user.name ada && git config user.email a@b"), 0);
    write("repo/train.py", "print(1)\n");
    ASSERT_EQ(git("add . && git commit -q -m first && git remote add origin https://ada:pw@host/x.git"), 0);
  }
  int git(const std::string& rest) const {
    return ::system(("cd " + folder_ + "/repo && HOME=" + folder_ + " GIT_CONFIG_NOSYSTEM=1 git " + rest).c_str());
  }
  std::map<std::string, std::string> properties() const { return git_properties(folder_ + "/repo", variables_); }
};

TEST_F(GitTest, PropertiesOfACleanTree) {
  const auto found = properties();
  EXPECT_EQ(found.at("azureml.git.repository_uri"), "https://host/x.git");
  EXPECT_EQ(found.at("mlflow.source.git.repoURL"), "https://host/x.git");
  EXPECT_EQ(found.at("azureml.git.branch"), "trunk");
  EXPECT_EQ(found.at("azureml.git.commit").size(), 40U);
  EXPECT_EQ(found.at("azureml.git.commit"), found.at("mlflow.source.git.commit"));
  EXPECT_EQ(found.at("azureml.git.dirty"), "False");
}

TEST_F(GitTest, DirtyDetachedAndWithoutARemote) {
  write("repo/train.py", "print(2)\n");
  ASSERT_EQ(git("remote remove origin && git checkout -q --detach"), 0);
  const auto found = properties();
  EXPECT_EQ(found.at("azureml.git.dirty"), "True");
  EXPECT_FALSE(found.contains("azureml.git.branch"));
  EXPECT_FALSE(found.contains("azureml.git.repository_uri"));
}

TEST_F(GitTest, VariablesWin) {
  variables_["AZUREML_GIT_COMMIT"] = "abc";
  variables_["AZUREML_GIT_BUILD_URI"] = "https://u:p@ci/1";
  const auto found = properties();
  EXPECT_EQ(found.at("azureml.git.commit"), "abc");
  EXPECT_EQ(found.at("azureml.git.build_uri"), "https://ci/1");
}

TEST_F(GitTest, NothingOutsideARepositoryOrWithoutGit) {
  EXPECT_TRUE(git_properties(folder_, variables_).empty());
  variables_["PATH"] = "/nowhere";
  EXPECT_TRUE(properties().empty());
}

TEST_F(GitTest, SlowGitIsLeftOut) {
  ASSERT_TRUE(io::make_directories(folder_ + "/bin"));
  write("bin/git", "#!/bin/sh\nexec sleep 60\n", 0700);
  variables_["PATH"] = folder_ + "/bin:" + variables_["PATH"];
  EXPECT_TRUE(git_properties(folder_ + "/repo", variables_, std::chrono::milliseconds(50)).empty());
}

}  // namespace
}  // namespace stoker::client
