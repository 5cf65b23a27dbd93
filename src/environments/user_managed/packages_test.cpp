#include "environments/user_managed/packages.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "environments/user_managed/interpreter.hpp"
#include "environments/user_managed/user_managed.hpp"

namespace stoker::environments {
namespace {

namespace fs = std::filesystem;

class PackagesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "packages-XXXXXX";
    root_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(root_); }
  std::string put(const std::string& path, const std::string& text) {
    const auto full = root_ + "/" + path;
    fs::create_directories(fs::path(full).parent_path());
    std::ofstream(full) << text;
    return full;
  }
  std::string root_;
};

TEST_F(PackagesTest, NamesAndVersionsAreThoseOfTheHeads) {
  put("site/scikit_learn-1.3.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: scikit-learn\nVersion: 1.3.0\n\nName: not this\n");
  put("site/six-1.16.0-py3.9.egg-info/PKG-INFO", "Name: six\r\nVersion: 1.16.0\r\n");
  put("site/old.egg-info", "Name: Old.Style\nVersion: 2\n");
  put("site/headless-4.5.dist-info/RECORD", "");
  put("site/~alf-1.dist-info/METADATA", "Name: ~alf\nVersion: 1\n");
  put("site/numpy/__init__.py", "");
  EXPECT_EQ(packages_in({root_ + "/site", root_ + "/nothing"}),
            (std::vector<Package>{{"headless", "4.5"}, {"Old.Style", "2"}, {"scikit-learn", "1.3.0"}, {"six", "1.16.0"}}));
}

TEST_F(PackagesTest, TheFirstFolderWinsAsInAnImport) {
  put("a/Foo_Bar-2.dist-info/METADATA", "Name: Foo_Bar\nVersion: 2\n");
  put("b/foo.bar-1.dist-info/METADATA", "Name: foo.bar\nVersion: 1\n");
  EXPECT_EQ(packages_in({root_ + "/a", root_ + "/b"}), (std::vector<Package>{{"Foo_Bar", "2"}}));
}

TEST_F(PackagesTest, WhatIsInstalledLaterIsSeen) {
  put("site/a-1.dist-info/METADATA", "Name: a\nVersion: 1\n");
  EXPECT_EQ(packages_in({root_ + "/site"}).size(), 1U);
  put("site/b-1.dist-info/METADATA", "Name: b\nVersion: 1\n");
  // A file system's clock may tick slowly; installing takes longer than that.
  fs::last_write_time(root_ + "/site", fs::file_time_type::clock::now() + std::chrono::seconds(1));
  EXPECT_EQ(packages_in({root_ + "/site"}).size(), 2U);
}

TEST_F(PackagesTest, TheSearchPathIsTheInterpretersOwn) {
  const Variables variables = {{"PATH", "/usr/bin:/bin"}, {"HOME", root_}, {"PYTHONPATH", root_ + "/extra"}};
  const auto python = find_default_interpreter(variables);
  if (!python) GTEST_SKIP() << "needs a Python";
  put("extra/mine-0.1.dist-info/METADATA", "Name: mine\nVersion: 0.1\n");
  const auto& kind = user_managed_kind();
  EnvironmentSpec spec;
  const auto record = kind.describe(*kind.resolve(spec, variables), variables);
  EXPECT_EQ(record.at("interpreter").as_string(), python->path);
  const auto& packages = record.at("packages").as_array();
  const json::value mine = {{"name", "mine"}, {"version", "0.1"}};
  EXPECT_NE(std::ranges::find(packages, mine), packages.end());
}

}  // namespace
}  // namespace stoker::environments
