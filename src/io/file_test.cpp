#include "io/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/testing.hpp"

namespace stoker::io {
namespace {

using testing::TemporaryFolder;

Fd root_of(const std::string& path) {
  auto opened = open_file(path, O_PATH | O_DIRECTORY);
  return std::move(*opened);
}

std::string content(const Fd& fd) { return *read_at(fd.get(), 0, 100); }

TEST(File, ReplacesAtomicallyAndLeavesNothingBeside) {
  TemporaryFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "a", "one"));
  ASSERT_TRUE(write_file_atomically(folder / "a", "two", 0644));
  EXPECT_EQ(*read_file(folder / "a"), "two");
  EXPECT_EQ(*list_directory(folder.path()), std::vector<std::string>{"a"});
  struct stat info{};
  ::stat((folder / "a").c_str(), &info);
  EXPECT_EQ(info.st_mode & 0777U, 0644U);
}

TEST(File, ReplacingIntoAMissingFolderSaysWhere) {
  TemporaryFolder folder;
  const auto written = write_file_atomically(folder / "no/a", "one");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(written.error().to_line().find("no/a"), std::string::npos);
}

TEST(File, ReadsAFileWithoutASizeWholly) {
  const auto text = read_file("/proc/self/status");
  ASSERT_TRUE(text);
  EXPECT_NE(text->find("Pid:"), std::string::npos);
}

TEST(File, ReadingStopsAtTheLimit) {
  TemporaryFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "a", std::string(100'000, 'x')));
  EXPECT_EQ(read_file(folder / "a", 100'000)->size(), 100'000U);
  EXPECT_EQ(read_file(folder / "a", 99'999).error().code(), ErrorCode::kInputTooLarge);
}

TEST(File, ReadAtGivesLessAtTheEnd) {
  TemporaryFolder folder;
  ASSERT_TRUE(write_file_atomically(folder / "a", "0123456789"));
  const auto fd = open_file(folder / "a", O_RDONLY);
  EXPECT_EQ(*read_at(fd->get(), 7, 10), "789");
  EXPECT_EQ(*read_at(fd->get(), 20, 10), "");
}

TEST(File, WhatIsNotThereIsNotFound) { EXPECT_EQ(open_file("/nowhere/at/all", O_RDONLY).error().code(), ErrorCode::kNotFound); }

TEST(File, AFullDiskIsToldAsSuch) {
  const auto fd = open_file("/dev/full", O_WRONLY);
  if (!fd) GTEST_SKIP() << "no /dev/full";
  EXPECT_EQ(write_all(fd->get(), "x").error().code(), ErrorCode::kStorageFull);
}

TEST(File, MakesFoldersAndRefusesAFileInTheWay) {
  TemporaryFolder folder;
  EXPECT_TRUE(make_directories(folder / "a/b//c/"));
  EXPECT_TRUE(make_directories(folder / "a/b/c"));
  ASSERT_TRUE(write_file_atomically(folder / "f", ""));
  EXPECT_FALSE(make_directories(folder / "f/g"));
}

TEST(RelativePath, AcceptsNamesThatPeopleUse) {
  for (const auto* path : {"a", "a/b.txt", "outputs/model v2 (final).pkl", "ünïcode/日本", ".hidden", "a..b", "%2e%2e/x"})
    EXPECT_TRUE(check_relative_path(path)) << path;
}

TEST(RelativePath, RefusesWhatLeadsOutOrCannotBeNamed) {
  using namespace std::string_literals;
  for (const auto& path : {""s, "/etc/passwd"s, "../a"s, "a/../b"s, "a/.."s, "."s, "./a"s, "a//b"s, "a/"s, "a\\b"s, "a\0b"s, "\xff\xfe"s,
                           std::string(5000, 'a'), std::string(256, 'b')}) {
    EXPECT_FALSE(check_relative_path(path)) << path;
  }
}

class Beneath : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(make_directories(folder / "root/in"));
    ASSERT_TRUE(write_file_atomically(folder / "secret", "secret"));
    ASSERT_TRUE(write_file_atomically(folder / "root/in/file", "inside"));
    link("../secret", "out");
    link("in/file", "inner");
    link("/proc/self/root/etc/passwd", "magic");
    link("loop", "loop");
    link("..", "up");
    link(folder / "root/in/file", "absolute");
    root = root_of(folder / "root");
  }
  void link(const std::string& target, const std::string& name) { ASSERT_EQ(::symlink(target.c_str(), (folder / ("root/" + name)).c_str()), 0); }
  TemporaryFolder folder;
  Fd root;
};

TEST_F(Beneath, OpensWhatIsInside) { EXPECT_EQ(content(*open_beneath(root.get(), "in/file", O_RDONLY)), "inside"); }

TEST_F(Beneath, NeverLeavesTheRoot) {
  for (const bool follow : {false, true}) {
    for (const auto* path : {"../secret", "in/../../secret", "out", "up/secret", "magic", "loop", "absolute"}) {
      const auto opened = open_beneath(root.get(), path, O_RDONLY, 0, follow);
      ASSERT_FALSE(opened) << path;
      EXPECT_EQ(opened.error().code(), ErrorCode::kInvalidInput) << path << opened.error().to_line();
    }
    const auto absolute = open_beneath(root.get(), folder / "secret", O_RDONLY, 0, follow);
    EXPECT_FALSE(absolute);
  }
}

TEST_F(Beneath, FollowsInnerLinksOnlyWhenToldTo) {
  EXPECT_FALSE(open_beneath(root.get(), "inner", O_RDONLY));
  EXPECT_EQ(content(*open_beneath(root.get(), "inner", O_RDONLY, 0, true)), "inside");
}

TEST_F(Beneath, ANulIsRefusedAndNotCutOff) { EXPECT_FALSE(open_beneath(root.get(), std::string("in/file\0x", 9), O_RDONLY)); }

TEST_F(Beneath, CreatesFoldersOnTheWayButNotThroughLinks) {
  auto made = create_beneath(root.get(), "new/deep/file", O_WRONLY | O_EXCL);
  ASSERT_TRUE(made);
  EXPECT_TRUE(write_all(made->get(), "x"));
  EXPECT_EQ(*read_file(folder / "root/new/deep/file"), "x");
  EXPECT_FALSE(create_beneath(root.get(), "up/escaped", O_WRONLY));
  EXPECT_FALSE(create_beneath(root.get(), "out", O_WRONLY));
  EXPECT_FALSE(create_beneath(root.get(), "../escaped", O_WRONLY));
  EXPECT_FALSE(exists(folder / "escaped"));
  EXPECT_EQ(*read_file(folder / "secret"), "secret");
}

TEST(RemoveTree, RemovesLinksAndNotWhatTheyPointTo) {
  TemporaryFolder folder;
  ASSERT_TRUE(make_directories(folder / "kept"));
  ASSERT_TRUE(write_file_atomically(folder / "kept/file", ""));
  ASSERT_TRUE(make_directories(folder / "gone/a/b"));
  ASSERT_EQ(::symlink((folder / "kept").c_str(), (folder / "gone/a/link").c_str()), 0);
  ASSERT_TRUE(remove_tree(folder / "gone"));
  EXPECT_FALSE(exists(folder / "gone"));
  EXPECT_TRUE(exists(folder / "kept/file"));
  EXPECT_TRUE(remove_tree(folder / "gone"));
}

TEST(RemoveTree, RemovesFoldersThatAScriptClosed) {
  TemporaryFolder folder;
  ASSERT_TRUE(make_directories(folder / "a/b"));
  ASSERT_TRUE(write_file_atomically(folder / "a/b/file", ""));
  ::chmod((folder / "a/b").c_str(), 0);
  ::chmod((folder / "a").c_str(), 0555);
  EXPECT_TRUE(remove_tree(folder / "a"));
  EXPECT_FALSE(exists(folder / "a"));
}

TEST(RemoveTree, RemovesATreeDeeperThanAnyPathMayBe) {
  TemporaryFolder folder;
  Fd dir = root_of(folder.path());
  for (int depth = 0; depth < 1000; ++depth) {
    ASSERT_EQ(::mkdirat(dir.get(), "deep", 0700), 0);
    dir = Fd(::openat(dir.get(), "deep", O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  EXPECT_TRUE(remove_tree(folder / "deep"));
  EXPECT_FALSE(exists(folder / "deep"));
}

TEST(FileLock, IsExclusiveAndEndsWithItsOwner) {
  TemporaryFolder folder;
  {
    const auto lock = FileLock::acquire(folder / "lock");
    ASSERT_TRUE(lock);
    EXPECT_EQ(FileLock::acquire(folder / "lock").error().code(), ErrorCode::kDataBusy);
  }
  EXPECT_TRUE(FileLock::acquire(folder / "lock"));
}

TEST(NetworkFileSystem, TemporaryFoldersAreLocal) {
  TemporaryFolder folder;
  const auto remote = is_network_file_system(folder.path());
  ASSERT_TRUE(remote);
  EXPECT_FALSE(*remote);
}

}  // namespace
}  // namespace stoker::io
