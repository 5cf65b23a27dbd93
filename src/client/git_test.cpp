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
  std::map<std::string, std::string> properties() const { return git_state(folder_ + "/repo", variables_).properties; }
  GitState state() const { return git_state(folder_ + "/repo", variables_); }
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
  EXPECT_TRUE(git_state(folder_, variables_).properties.empty());
  variables_["PATH"] = "/nowhere";
  EXPECT_TRUE(properties().empty());
}

TEST_F(GitTest, SlowGitIsLeftOut) {
  ASSERT_TRUE(io::make_directories(folder_ + "/bin"));
  write("bin/git", "#!/bin/sh\nexec sleep 60\n", 0700);
  variables_["PATH"] = folder_ + "/bin:" + variables_["PATH"];
  EXPECT_TRUE(git_state(folder_ + "/repo", variables_, std::chrono::milliseconds(50)).properties.empty());
}

TEST_F(GitTest, TheDiffAppliesToTheCommitAndGivesTheTree) {
  write("repo/train.py", "print(2)\n");
  write("repo/data.bin", std::string("a\0b\xff", 4));
  ASSERT_EQ(git("add data.bin && git config color.ui always && git config diff.noprefix true && git config diff.external /bin/false"), 0);
  const auto found = state();
  ASSERT_TRUE(found.diff);
  EXPECT_NE(found.diff->find("-print(1)\n+print(2)\n"), std::string::npos) << *found.diff;
  EXPECT_FALSE(found.properties.contains("azureml.git.diff"));
  write("changes.diff", *found.diff);
  ASSERT_EQ(git("worktree add -q ../other HEAD && cd ../other && git apply ../changes.diff && cmp train.py ../repo/train.py && cmp data.bin "
                "../repo/data.bin"),
            0);
}

TEST_F(GitTest, ACleanTreeAndOneWithoutACommitHaveNoDiff) {
  EXPECT_FALSE(state().diff);
  ASSERT_EQ(git("checkout -q --orphan fresh"), 0);
  EXPECT_FALSE(state().diff);
}

TEST_F(GitTest, ADiffThatIsTooLargeIsLeftOutAndSaid) {
  write("repo/train.py", std::string(kMostDiff, 'x') + "\n");
  const auto found = state();
  EXPECT_FALSE(found.diff);
  EXPECT_EQ(found.properties.at("azureml.git.diff"), "too large");
  EXPECT_EQ(found.properties.at("azureml.git.dirty"), "True");
}

TEST_F(GitTest, ADiffThatIsNotUtf8StaysReadable) {
  write("repo/train.py", "# caf\xe9\n");
  const auto found = state();
  ASSERT_TRUE(found.diff);
  EXPECT_NE(found.diff->find("+# caf\xEF\xBF\xBD\n"), std::string::npos);
  EXPECT_EQ(found.properties.at("azureml.git.diff"), "not utf-8");
}

}  // namespace
}  // namespace stoker::client
