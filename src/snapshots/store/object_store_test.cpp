#include "snapshots/store/object_store.hpp"

#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>
#include <thread>

#include <gtest/gtest.h>

#include "snapshots/chunk_list.hpp"
#include "snapshots/test_support.hpp"
#include "snapshots/tree.hpp"

namespace stoker::snapshots {
namespace {

using testing::add;
using testing::code_of;
using testing::must;
using testing::open_store;
using testing::pack_of;

std::string tree_of(const std::vector<TreeEntry>& entries) {
  std::string tree = begin_tree();
  for (const auto& entry : entries) append_entry(tree, entry);
  finish_tree(tree, static_cast<std::uint32_t>(entries.size()));
  return tree;
}
TreeEntry file(std::string_view name, std::string_view content) { return {EntryKind::kFile, false, content.size(), sha256(content), name, {}}; }
TreeEntry folder(std::string_view name, std::string_view tree) { return {EntryKind::kFolder, false, 0, sha256(tree), name, {}}; }
TreeEntry link(std::string_view name, std::string_view target) { return {EntryKind::kLink, false, 0, {}, name, target}; }

std::string pack_file(const testing::TemporaryFolder& home, int number = 1) {
  return home / ("store/packs/0000000" + std::to_string(number) + ".pack");
}

void flip_byte(const std::string& path, std::uint64_t offset) {
  std::string bytes = testing::read_text(path);
  bytes[offset] = static_cast<char>(bytes[offset] ^ 1);
  testing::write_file(path, bytes);
}

TEST(ObjectStore, KeepsWhatItWasGivenAcrossARestart) {
  testing::TemporaryFolder home;
  {
    auto store = open_store(home / "store");
    const PackStats stats = must(add(*store, pack_of({"one", "two"})));
    EXPECT_EQ(stats.objects, 2U);
    EXPECT_EQ(stats.new_objects, 2U);
    EXPECT_EQ(must(add(*store, pack_of({"two", "three"}))).new_objects, 1U);
  }
  auto store = open_store(home / "store");
  for (const char* content : {"one", "two", "three"}) EXPECT_EQ(must(store->get(sha256(content))), content);
  EXPECT_EQ(code_of(store->get(sha256("four"))), ErrorCode::kNotFound);
  const std::vector<Digest> asked{sha256("one"), sha256("four")};
  EXPECT_EQ(store->missing(asked), std::vector{sha256("four")});
}

TEST(ObjectStore, ManyPacksAndTheirMergedIndexesFindEverything) {
  testing::TemporaryFolder home;
  std::vector<std::string> contents;
  {
    auto store = open_store(home / "store", {.pack_objects = 50});
    for (int i = 0; i < 40; ++i) {
      std::vector<std::string> some;
      for (int j = 0; j < 30; ++j) some.push_back("object " + std::to_string(i * 30 + j));
      must(add(*store, pack_of(some)));
      contents.insert(contents.end(), some.begin(), some.end());
    }
    for (const auto& content : contents) ASSERT_EQ(must(store->get(sha256(content))), content);
  }
  auto store = open_store(home / "store", {.pack_objects = 50});
  for (const auto& content : contents) ASSERT_EQ(must(store->get(sha256(content))), content);
  std::size_t indexes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(home / "store/packs")) indexes += entry.path().extension() == ".idx" ? 1 : 0;
  EXPECT_LE(indexes, 4U) << "neighbours are merged";
}

TEST(ObjectStore, ADamagedIndexIsMadeAgainFromThePacks) {
  testing::TemporaryFolder home;
  {
    auto store = open_store(home / "store", {.pack_objects = 2});
    must(add(*store, pack_of({"a", "b"})));
    must(add(*store, pack_of({"c", "d"})));
  }
  ASSERT_TRUE(std::filesystem::exists(home / "store/packs/00000001-00000001.idx"));
  flip_byte(home / "store/packs/00000001-00000001.idx", 60);
  auto store = open_store(home / "store", {.pack_objects = 2});
  for (const char* content : {"a", "b", "c", "d"}) EXPECT_EQ(must(store->get(sha256(content))), content);
}

TEST(ObjectStore, EveryTornTailIsCutAndTheRestStays) {
  testing::TemporaryFolder home;
  std::uint64_t first_size = 0;
  {
    auto store = open_store(home / "store");
    must(add(*store, pack_of({"kept"})));
    first_size = std::filesystem::file_size(pack_file(home));
    must(add(*store, pack_of({"torn", "off"})));
  }
  const std::string whole = testing::read_text(pack_file(home));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    testing::write_file(pack_file(home), whole.substr(0, size));
    auto store = open_store(home / "store");
    EXPECT_EQ(store->get(sha256("kept")).has_value(), size >= first_size) << size;
    EXPECT_FALSE(store->get(sha256("torn")).has_value());
    must(add(*store, pack_of({"after"})));
    store.reset();
    EXPECT_EQ(must(open_store(home / "store")->get(sha256("after"))), "after") << size;
  }
}

TEST(ObjectStore, AFlippedByteIsNeverServedAndIsRepairedBySendingAgain) {
  testing::TemporaryFolder home;
  const std::string pack = pack_of({"first content", "second content"});
  {
    auto store = open_store(home / "store");
    must(add(*store, pack));
    must(add(*store, pack_of({"third"})));
  }
  const std::string good = testing::read_text(pack_file(home));
  for (std::uint64_t at = kPackHeaderSize; at < good.size(); at += 5) {
    testing::write_file(pack_file(home), good);
    auto store = open_store(home / "store");
    flip_byte(pack_file(home), at);  // under the open store
    for (const char* content : {"first content", "second content", "third"}) {
      const auto read = store->get(sha256(content));
      if (read) EXPECT_EQ(*read, content);
      if (!read) EXPECT_EQ(read.error().code(), ErrorCode::kSnapshotCorrupt);
      if (!read) EXPECT_EQ(store->missing(std::vector{sha256(content)}).size(), 1U);
    }
    must(add(*store, pack));
    EXPECT_EQ(must(store->get(sha256("first content"))), "first content") << at;
    store.reset();
    auto again = open_store(home / "store");  // the damaged frame is passed over, what follows is found
    EXPECT_EQ(must(again->get(sha256("first content"))), "first content") << at;
  }
}

TEST(ObjectStore, NewerFormatsAndStrangeFoldersAreRefused) {
  testing::TemporaryFolder home;
  testing::write_file(home / "newer/format", "stoker snapshots 2\n");
  EXPECT_EQ(code_of(ObjectStore::open(home / "newer")), ErrorCode::kDataFormat);
  testing::write_file(home / "other/format", "something\n");
  EXPECT_EQ(code_of(ObjectStore::open(home / "other")), ErrorCode::kDataFormat);
  testing::write_file(home / "file", "");
  EXPECT_EQ(code_of(ObjectStore::open(home / "file")), ErrorCode::kDataLocation);
}

TEST(ObjectStore, CommitCountsWhatIsMissing) {
  testing::TemporaryFolder home;
  auto store = open_store(home / "store");
  const std::string inner = tree_of({file("x", "there"), file("y", "missing")});
  const std::string root = tree_of({file("a", "there"), folder("b", inner), folder("c", inner)});
  must(add(*store, pack_of({root, inner}, ObjectKind::kTree)));
  must(add(*store, pack_of({"there"})));
  EXPECT_EQ(code_of(store->commit(sha256(root))), ErrorCode::kConflict);
  must(add(*store, pack_of({"missing"})));
  const SnapshotInfo info = must(store->commit(sha256(root)));
  EXPECT_EQ(info.files, 5U);
  EXPECT_EQ(info.bytes, 5U + 2 * (5 + 7));
  EXPECT_EQ(code_of(store->commit(sha256("unknown"))), ErrorCode::kConflict);
}

TEST(ObjectStore, CommitRefusesTreesThatNoBuilderWrites) {
  testing::TemporaryFolder home;
  auto store = open_store(home / "store");
  must(add(*store, pack_of({"content"})));
  const auto refused = [&](const std::string& tree) {
    must(add(*store, pack_of({tree})));
    return code_of(store->commit(sha256(tree))) == ErrorCode::kInvalidInput;
  };
  EXPECT_TRUE(refused(tree_of({file("../a", "content")})));
  EXPECT_TRUE(refused(tree_of({file("b", "content"), file("a", "content")})));
  EXPECT_TRUE(refused(tree_of({link("up", "../x")}))) << "leaves the root";
  EXPECT_TRUE(refused(tree_of({{EntryKind::kFile, false, 3, sha256("content"), "wrong-size", {}}})));
  EXPECT_TRUE(refused(tree_of({{EntryKind::kFolder, false, 0, sha256("content"), "not-a-tree", {}}})));
  EXPECT_TRUE(refused("content, not a tree"));
}

TEST(ObjectStore, ALinkMayClimbOnlyAsFarAsItLiesDeep) {
  testing::TemporaryFolder home;
  auto store = open_store(home / "store");
  const std::string inner = tree_of({link("up", "../x")});
  const std::string root = tree_of({folder("inner", inner)});
  must(add(*store, pack_of({inner, root}, ObjectKind::kTree)));
  EXPECT_FALSE(store->commit(sha256(inner)));
  EXPECT_TRUE(store->commit(sha256(root)));
}

TEST(ObjectStore, ATreeThatUnfoldsWithoutEndIsRefused) {
  testing::TemporaryFolder home;
  auto store = open_store(home / "store");
  std::vector<std::string> trees{tree_of({file("a", "x"), file("b", "x")})};
  for (int i = 0; i < 60; ++i) trees.push_back(tree_of({folder("a", trees.back()), folder("b", trees.back())}));
  must(add(*store, pack_of(trees, ObjectKind::kTree)));
  must(add(*store, pack_of({"x"})));
  EXPECT_EQ(code_of(store->commit(sha256(trees.back()))), ErrorCode::kInvalidInput);
  std::vector<std::string> deep{tree_of({})};
  for (unsigned i = 0; i < kMaxDepth + 1; ++i) deep.push_back(tree_of({folder("d", deep.back())}));
  must(add(*store, pack_of(deep, ObjectKind::kTree)));
  EXPECT_EQ(code_of(store->commit(sha256(deep.back()))), ErrorCode::kInvalidInput);
  EXPECT_TRUE(store->commit(sha256(deep[kMaxDepth - 1])));
}

TEST(ObjectStore, ListsFindsAndCompares) {
  testing::TemporaryFolder home;
  auto store = open_store(home / "store");
  const std::string inner = tree_of({file("x", "1"), file("y", "2")});
  const std::string other = tree_of({file("x", "1"), file("z", "2")});
  const std::string a = tree_of({file("a", "1"), folder("b", inner), folder("same", inner), link("l", "a")});
  const std::string a_sorted = tree_of({file("a", "1"), folder("b", inner), link("l", "a"), folder("same", inner)});
  const std::string b = tree_of({file("a", "2"), folder("b", other), folder("same", inner)});
  must(add(*store, pack_of({a_sorted, b, inner, other}, ObjectKind::kTree)));
  must(add(*store, pack_of({"1", "2"})));
  EXPECT_FALSE(TreeView::parse(a));
  const auto files = must(store->list(sha256(a_sorted)));
  ASSERT_EQ(files.size(), 6U);
  EXPECT_EQ(files[1].path, "b/x");
  EXPECT_EQ(files[1].sha256(), sha256("1"));
  EXPECT_EQ(files[3].link, "a");
  EXPECT_EQ(must(store->find(sha256(b), "b/z")).object, sha256("2"));
  for (const char* path : {"", "b", "b/", "b/none", "a/x", "/a", "b//z"})
    EXPECT_EQ(code_of(store->find(sha256(b), path)), ErrorCode::kNotFound) << path;
  const Difference difference = must(store->diff(sha256(a_sorted), sha256(b)));
  EXPECT_EQ(difference.added, std::vector<std::string>{"b/z"});
  EXPECT_EQ(difference.removed, (std::vector<std::string>{"b/y", "l"}));
  EXPECT_EQ(difference.changed, std::vector<std::string>{"a"});
}

TEST(ObjectStore, FilesOfAnySizeStreamInAndOut) {
  testing::TemporaryFolder home;
  auto store = open_store(home / "store");
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{kLargeFile}, std::size_t{kLargeFile + 1}, std::size_t{3 * kChunk}, std::size_t{21'000'000}}) {
    const std::string content = testing::random_bytes(size, static_cast<unsigned>(size));
    auto writer = store->new_file();
    for (std::size_t at = 0; at < size; at += 1'000'003) must(writer->write(std::string_view(content).substr(at, 1'000'003)));
    const StoredFile stored = must(writer->finish());
    EXPECT_EQ(stored.sha256, sha256(content));
    EXPECT_EQ(stored.size, size);
    std::string read;
    while (read.size() < size) read += must(store->read_file(stored.ref(), read.size(), 3'000'000));
    EXPECT_EQ(read, content);
    EXPECT_EQ(must(store->read_file(stored.ref(), size, 10)), "");
    if (size > 10) EXPECT_EQ(must(store->read_file(stored.ref(), size - 5, 100)), content.substr(size - 5));
  }
}

TEST(ObjectStore, ConcurrentAddersOfTheSameAndOfOwnContentLoseNothing) {
  testing::TemporaryFolder home;
  {
    auto store = open_store(home / "store", {.pack_objects = 64});
    std::vector<std::thread> threads;
    for (int t = 0; t < 6; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 40; ++i) {
          EXPECT_TRUE(add(*store, pack_of({"shared " + std::to_string(i), "own " + std::to_string(t) + " " + std::to_string(i)})));
          EXPECT_TRUE(store->get(sha256("shared " + std::to_string(i))));
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
  auto store = open_store(home / "store", {.pack_objects = 64});
  for (int i = 0; i < 40; ++i) {
    EXPECT_TRUE(store->get(sha256("shared " + std::to_string(i))));
    for (int t = 0; t < 6; ++t) EXPECT_TRUE(store->get(sha256("own " + std::to_string(t) + " " + std::to_string(i))));
  }
}

TEST(ObjectStore, WhatWasAcknowledgedBeforeAKillIsThere) {
  testing::TemporaryFolder home;
  for (int round = 0; round < 8; ++round) {
    int pipe_fds[2];
    ASSERT_EQ(::pipe(pipe_fds), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto store = open_store(home / "store", {.pack_objects = 40});
      for (int i = 0;; ++i) {
        const int number = round * 100'000 + i;
        if (!add(*store, pack_of({"number " + std::to_string(number), testing::random_bytes(20'000, static_cast<unsigned>(number))}))) ::_exit(1);
        if (::write(pipe_fds[1], &number, sizeof number) != sizeof number) ::_exit(1);
      }
    }
    ::close(pipe_fds[1]);
    int acknowledged = -1;
    for (int i = 0; i < 20 + 13 * round; ++i)
      ASSERT_EQ(::read(pipe_fds[0], &acknowledged, sizeof acknowledged), static_cast<ssize_t>(sizeof acknowledged));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(pipe_fds[0]);
    auto store = open_store(home / "store", {.pack_objects = 40});
    for (int number = round * 100'000; number <= acknowledged; ++number) {
      ASSERT_TRUE(store->get(sha256("number " + std::to_string(number)))) << number;
      ASSERT_TRUE(store->get(sha256(testing::random_bytes(20'000, static_cast<unsigned>(number))))) << number;
    }
  }
}

/// A limit on the size of files stands for a full disk: writes fail in the middle, and work again when there is room.
TEST(ObjectStore, AfterAFailedWriteEverythingAcknowledgedIsThereAndLaterWritesWork) {
  testing::TemporaryFolder home;
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    auto store = open_store(home / "store");
    if (!add(*store, pack_of({"before"}))) ::_exit(2);
    const rlimit small{100'000, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &small);
    const std::string big = testing::random_bytes(500'000, 7);
    if (add(*store, pack_of({big}))) ::_exit(3);
    if (!store->missing(std::vector{sha256(big)}).size()) ::_exit(4);
    if (!store->get(sha256("before"))) ::_exit(5);
    const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &none);
    if (!add(*store, pack_of({big, "after"}))) ::_exit(6);
    if (!store->get(sha256(big))) ::_exit(7);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_EQ(WEXITSTATUS(status), 0);
  auto store = open_store(home / "store");
  EXPECT_TRUE(store->get(sha256("before")));
  EXPECT_TRUE(store->get(sha256("after")));
}

}  // namespace
}  // namespace stoker::snapshots
