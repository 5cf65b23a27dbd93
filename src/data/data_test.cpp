#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include "data/dataset_files.hpp"
#include "data/folder.hpp"
#include "data/laying.hpp"
#include "io/testing.hpp"

namespace stoker::data {
namespace {

using testing::ElementsAre;

class DataTest : public testing::Test {
 protected:
  void put(const std::string& path, const std::string& text) {
    const auto full = store_ + "/" + path;
    ASSERT_TRUE(io::make_directories(full.substr(0, full.rfind('/'))));
    ASSERT_TRUE(io::write_file_atomically(full, text));
  }
  Folder folder() {
    (void)io::make_directories(store_);
    auto opened = Folder::open(store_);
    EXPECT_TRUE(opened);
    return std::move(*opened);
  }
  std::vector<std::string> found(const std::string& pattern) {
    const auto files = folder().find(pattern);
    EXPECT_TRUE(files) << files.error().to_line();
    std::vector<std::string> paths;
    if (files)
      for (const auto& file : *files) paths.push_back(file.path);
    return paths;
  }
  std::vector<std::string> names(const std::vector<std::string>& patterns) {
    std::vector<DataSource> sources;
    for (const auto& pattern : patterns) sources.push_back({"store", store_, pattern});
    const auto files = find_files(sources);
    EXPECT_TRUE(files) << files.error().to_line();
    std::vector<std::string> all;
    if (files)
      for (const auto& file : files->files) all.push_back(file.name);
    return all;
  }
  DataPlan plan(DataRole role, DataMode mode, const std::string& path, const std::string& name = "x") {
    DataPlan made;
    made.binding.role = role;
    made.binding.mode = mode;
    made.binding.name = name;
    made.sources = {{"store", store_, path}};
    return made;
  }
  Places places() {
    (void)io::make_directories(root_ / "work");
    return {root_ / "work", root_ / "own"};
  }
  std::string text(const std::string& path) {
    auto content = io::read_file(path);
    return content ? *content : "(none)";
  }
  /// Lays out one plan and gives its path.
  std::string laid(const DataPlan& one) {
    auto all = lay_out({one}, places(), stop_);
    EXPECT_TRUE(all) << all.error().to_line();
    return all ? all->front().path : "";
  }

  io::testing::TemporaryFolder root_;
  std::string store_ = root_ / "store";
  std::atomic<bool> stop_ = false;
};

TEST_F(DataTest, PatternsMeanFilesFoldersAndWildcards) {
  for (const auto* path : {"a/1.csv", "a/2.txt", "a/deep/3.csv", "b.csv"}) put(path, "x");
  EXPECT_THAT(found(""), ElementsAre("a/1.csv", "a/2.txt", "a/deep/3.csv", "b.csv"));
  EXPECT_THAT(found("a"), ElementsAre("a/1.csv", "a/2.txt", "a/deep/3.csv"));
  EXPECT_THAT(found("a/*.csv"), ElementsAre("a/1.csv"));
  EXPECT_THAT(found("a/**/*.csv"), ElementsAre("a/1.csv", "a/deep/3.csv"));
  EXPECT_THAT(found("b.csv"), ElementsAre("b.csv"));
  EXPECT_THAT(found("nothing/*"), ElementsAre());
  EXPECT_TRUE(means("a", "a/deep/3.csv"));
  EXPECT_FALSE(means("a", "ab"));
  EXPECT_EQ(fixed_part("a/b/*.csv"), "a/b");
  EXPECT_EQ(fixed_part("*.csv"), "");
}

TEST_F(DataTest, LinksThatLeadOutAreNoFiles) {
  put("a.txt", "a");
  put("sub/b.txt", "b");
  ASSERT_TRUE(io::write_file_atomically(root_ / "secret", "s"));
  ASSERT_EQ(::symlink("../secret", (store_ + "/out").c_str()), 0);
  ASSERT_EQ(::symlink("a.txt", (store_ + "/in").c_str()), 0);
  ASSERT_EQ(::symlink("sub", (store_ + "/folder").c_str()), 0);
  EXPECT_THAT(found(""), ElementsAre("a.txt", "in", "sub/b.txt"));
  EXPECT_TRUE(folder().open_file("in"));
  EXPECT_EQ(folder().open_file("out").error().code(), ErrorCode::kInvalidInput);
  EXPECT_EQ(folder().open_file("../secret").error().code(), ErrorCode::kInvalidInput);
  EXPECT_EQ(NewFile::create(folder(), "folder/new").error().code(), ErrorCode::kInvalidInput);
}

TEST_F(DataTest, ANewFileAppearsWholeAndReplacesOnlyWhenAsked) {
  auto first = NewFile::create(folder(), "deep/er/a.txt");
  ASSERT_TRUE(first) << first.error().to_line();
  ASSERT_TRUE(io::write_all(first->descriptor(), "one"));
  EXPECT_THAT(found(""), ElementsAre()) << "it is not there before it is whole";
  ASSERT_TRUE(first->commit(false, true));
  EXPECT_EQ(text(store_ + "/deep/er/a.txt"), "one");
  auto second = NewFile::create(folder(), "deep/er/a.txt");
  EXPECT_EQ(second->commit(false, false).error().code(), ErrorCode::kConflict);
  EXPECT_TRUE(second->commit(true, false));
  EXPECT_EQ(text(store_ + "/deep/er/a.txt"), "");
  {
    auto dropped = NewFile::create(folder(), "b");
  }
  EXPECT_EQ(io::list_directory(store_)->size(), 1U) << "nothing is left of a file that was not committed";
  EXPECT_TRUE(folder().remove_file("deep/er/a.txt"));
  EXPECT_EQ(folder().remove_file("deep/er/a.txt").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(folder().remove_file("deep").error().code(), ErrorCode::kInvalidInput);
}

TEST_F(DataTest, NamesBeginBelowWhatAllPathsShare) {
  for (const auto* path : {"a/1.csv", "a/deep/3.csv", "ab/4.csv"}) put(path, "x");
  EXPECT_THAT(names({"a/**"}), ElementsAre("1.csv", "deep/3.csv"));
  EXPECT_THAT(names({"a/1.csv"}), ElementsAre("1.csv"));
  EXPECT_THAT(names({"a/1.csv", "a/deep/3.csv"}), ElementsAre("1.csv", "deep/3.csv"));
  EXPECT_THAT(names({"a", "ab"}), ElementsAre("a/1.csv", "a/deep/3.csv", "ab/4.csv"));
  EXPECT_THAT(names({"a", "a/1.csv"}), ElementsAre("1.csv", "deep/3.csv"));
  const auto web = find_files({{"", "", "https://user@host.org:80/x/y.gz?sig=1"}, {"store", store_, "ab"}});
  ASSERT_TRUE(web);
  EXPECT_EQ(web->files[0].name, "host.org/x/y.gz");
  EXPECT_EQ(web->files[1].name, "store/ab/4.csv");
  const auto missing = find_files({{"store", store_, "none"}});
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message(), testing::HasSubstr("none"));
  EXPECT_TRUE(find_files({{"store", store_, "a/1.csv"}})->is_single);
  EXPECT_FALSE(find_files({{"store", store_, "ab"}})->is_single);
  EXPECT_FALSE(find_files({{"store", store_, "ab/*"}})->is_single);
}

TEST_F(DataTest, AMountedDatasetIsAFolderOfItsOwn) {
  put("a/1.csv", "one");
  put("a/deep/2.csv", "two");
  const auto path = laid(plan(DataRole::kInput, DataMode::kMount, "a"));
  EXPECT_EQ(text(path + "/deep/2.csv"), "two");
  ASSERT_EQ(::unlink((path + "/1.csv").c_str()), 0);
  ASSERT_TRUE(io::write_file_atomically(path + "/new", "x"));
  EXPECT_THAT(found(""), ElementsAre("a/1.csv", "a/deep/2.csv"));
}

TEST_F(DataTest, DownloadsAreCopiesAndSingleFilesAreFiles) {
  put("a/1.csv", "one");
  const auto path = laid(plan(DataRole::kInput, DataMode::kDownload, "a"));
  ASSERT_TRUE(io::write_file_atomically(path + "/1.csv", "changed"));
  EXPECT_EQ(text(store_ + "/a/1.csv"), "one");
  const auto file = laid(plan(DataRole::kInput, DataMode::kMount, "a/1.csv", "single"));
  EXPECT_TRUE(file.ends_with("/1.csv"));
  EXPECT_EQ(text(file), "one");
}

TEST_F(DataTest, ReferencesAndOutputsByMountAreTheFolderItself) {
  put("other", "x");
  auto reference = plan(DataRole::kReference, DataMode::kMount, "made/here");
  auto all = lay_out({reference}, places(), stop_);
  ASSERT_TRUE(all);
  EXPECT_THAT(all->front().note, testing::HasSubstr("made/here"));
  ASSERT_TRUE(io::write_file_atomically(all->front().path + "/x", "through"));
  EXPECT_EQ(text(store_ + "/made/here/x"), "through");
}

TEST_F(DataTest, WhatIsThereIsNeverReplacedByData) {
  put("a/1.csv", "one");
  auto input = plan(DataRole::kInput, DataMode::kMount, "a");
  input.binding.path_on_compute = root_ / "taken";
  ASSERT_TRUE(io::make_directories(root_ / "taken"));
  ASSERT_TRUE(io::write_file_atomically(root_ / "taken/mine", "mine"));
  const auto refused = lay_out({input}, places(), stop_);
  EXPECT_EQ(refused.error().code(), ErrorCode::kConflict);
  EXPECT_EQ(text(root_ / "taken/mine"), "mine");
  input.binding.path_on_compute = root_ / "free";
  const auto laid_out = lay_out({input}, places(), stop_);
  ASSERT_TRUE(laid_out);
  EXPECT_EQ(text(root_ / "free/1.csv"), "one");
  clear({input}, *laid_out);
  EXPECT_FALSE(io::exists(root_ / "free"));
  EXPECT_EQ(text(store_ + "/a/1.csv"), "one");
}

TEST_F(DataTest, UploadsAreStoredAndEveryFailureIsTold) {
  put("taken/x", "old");
  auto good = plan(DataRole::kOutput, DataMode::kUpload, "out", "good");
  good.binding.source_globs = {"*.txt"};
  const auto bad = plan(DataRole::kOutput, DataMode::kUpload, "taken", "bad");
  auto missing = plan(DataRole::kReference, DataMode::kUpload, "gone", "missing");
  missing.binding.path_on_compute = "never/made";
  const std::vector<DataPlan> plans = {bad, missing, good};
  const auto all = lay_out(plans, places(), stop_);
  ASSERT_TRUE(all) << all.error().to_line();
  ASSERT_TRUE(io::write_file_atomically((*all)[0].path + "/x", "new"));
  ASSERT_TRUE(io::write_file_atomically((*all)[2].path + "/a.txt", "a"));
  ASSERT_TRUE(io::write_file_atomically((*all)[2].path + "/b.log", "b"));
  const auto failures = deliver(plans, *all, stop_);
  ASSERT_EQ(failures.size(), 2U);
  EXPECT_THAT(failures[0], testing::AllOf(testing::HasSubstr("bad"), testing::HasSubstr("is there already")));
  EXPECT_THAT(failures[1], testing::HasSubstr("the run left nothing"));
  EXPECT_THAT(found(""), ElementsAre("out/a.txt", "taken/x"));
  EXPECT_EQ(text(store_ + "/taken/x"), "old");
}

TEST_F(DataTest, AStopEndsTheLayingOut) {
  put("a/1.csv", "one");
  stop_ = true;
  EXPECT_EQ(lay_out({plan(DataRole::kInput, DataMode::kDownload, "a")}, places(), stop_).error().code(), ErrorCode::kCanceled);
}

}  // namespace
}  // namespace stoker::data
