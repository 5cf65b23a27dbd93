#include "snapshots/source/builder.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "snapshots/test_support.hpp"

namespace stoker::snapshots {
namespace {

using testing::code_of;
using testing::must;
using testing::write_file;

class Builder : public ::testing::Test {
 protected:
  BuildOptions options() {
    BuildOptions options;
    options.source = home / "source";
    options.index_path = home / "cache/source.index";
    options.server_instance = "one";
    return options;
  }
  Built send() { return must(upload(options(), remote)); }
  std::vector<std::string> problems() {
    const auto result = build(options());
    std::vector<std::string> list;
    if (result) return list;
    EXPECT_EQ(result.error().code(), ErrorCode::kSourceInvalid);
    const Error error = result.error();
    for (const Mistake& mistake : error.mistake_list()) list.push_back(mistake.path + " " + mistake.message);
    return list;
  }
  std::map<std::string, std::string> laid_down(const Digest& root) {
    StringSink sink;
    must(store->write_pack(root, sink));
    StringReader reader(sink.bytes());
    const std::string to = home / fmt::format("work{}", counter++);
    must(materialize(reader, root, to));
    return testing::describe(to);
  }

  testing::TemporaryFolder home;
  std::unique_ptr<ObjectStore> store = testing::open_store(home / "store");
  testing::StoreRemote remote{*store};
  int counter = 0;
};

TEST_F(Builder, WhatIsSentIsWhatIsLaidDown) {
  write_file(home / "source/train.py", "print('hello')\n");
  write_file(home / "source/empty", "");
  write_file(home / "source/data/large.bin", testing::random_bytes(13'000'000, 3));
  write_file(home / "source/data/exact.bin", testing::random_bytes(kLargeFile, 4));
  write_file(home / "source/sub/deeper/a b.txt", "ä");
  std::filesystem::create_directories(home / "source/nothing/in/here");
  std::filesystem::permissions(home / "source/train.py", std::filesystem::perms::all);
  std::filesystem::create_symlink("../../train.py", home / "source/sub/deeper/link");
  std::filesystem::create_directory_symlink("data", home / "source/same");
  std::filesystem::create_symlink("made/later", home / "source/dangling");
  write_file(home / "source/.git/HEAD", "never part of it");
  const Built built = send();
  EXPECT_EQ(built.files, 8U);
  auto expected = testing::describe(home / "source");
  std::erase_if(expected, [](const auto& item) { return item.first.starts_with(".git"); });
  EXPECT_EQ(laid_down(built.root), expected);
  EXPECT_EQ(must(build(options())).root, built.root);
}

TEST_F(Builder, AnUnchangedFolderIsNotHashedAndNothingIsSent) {
  for (int i = 0; i < 300; ++i) write_file(home / fmt::format("source/d{}/f{}", i % 7, i), std::to_string(i));
  testing::leave_racy_window();
  const Built first = send();
  EXPECT_EQ(first.hashed_files, 300U);
  EXPECT_EQ(first.sent_objects, 300U + 8);
  const int questions = remote.questions, packs = remote.packs;
  const Built second = send();
  EXPECT_EQ(second.root, first.root);
  EXPECT_EQ(second.files, 300U);
  EXPECT_EQ(second.bytes, first.bytes);
  EXPECT_EQ(second.hashed_files, 0U);
  EXPECT_EQ(remote.questions, questions);
  EXPECT_EQ(remote.packs, packs);
}

TEST_F(Builder, OnlyWhatChangedIsHashedAndSent) {
  for (int i = 0; i < 300; ++i) write_file(home / fmt::format("source/d{}/f{}", i % 7, i), std::to_string(i));
  testing::leave_racy_window();
  send();
  write_file(home / "source/d3/f3", "changed");
  std::filesystem::remove(home / "source/d4/f4");
  write_file(home / "source/d5/new", "new");
  std::filesystem::rename(home / "source/d6", home / "source/moved");
  testing::leave_racy_window();
  const Built built = send();
  EXPECT_EQ(built.hashed_files, 2U + 42);  // what moved is read again, and not sent again
  EXPECT_EQ(built.sent_objects, 2U + 4);   // contents; trees of d3, d4, d5 and the root
  EXPECT_EQ(laid_down(built.root), testing::describe(home / "source"));
  EXPECT_EQ(send().hashed_files, 0U);
}

TEST_F(Builder, AChangeWithTheSameSizeInTheSameTickIsSeen) {
  for (int round = 0; round < 20; ++round) {
    write_file(home / "source/file", fmt::format("content {:02}", round));
    const Built built = send();
    EXPECT_EQ(must(store->get(must(store->find(built.root, "file")).object)), fmt::format("content {:02}", round));
  }
}

TEST_F(Builder, ModeAndLinkTargetAreContent) {
  write_file(home / "source/a/script", "x");
  std::filesystem::create_symlink("one", home / "source/a/link");
  testing::leave_racy_window();
  const Digest before = send().root;
  std::filesystem::permissions(home / "source/a/script", std::filesystem::perms::owner_all);
  const Digest executable = send().root;
  EXPECT_NE(executable, before);
  std::filesystem::remove(home / "source/a/link");
  std::filesystem::create_symlink("two", home / "source/a/link");
  const Digest linked = send().root;
  EXPECT_NE(linked, executable);
  write_file(home / "source/a/below/new", "x");
  EXPECT_EQ(laid_down(send().root), testing::describe(home / "source"));
  EXPECT_EQ(must(store->diff(before, linked)).changed, (std::vector<std::string>{"a/link", "a/script"}));
}

TEST_F(Builder, AServerThatLostItsDataGetsEverythingAgain) {
  write_file(home / "source/a/b/c", "content");
  write_file(home / "source/d", "other");
  testing::leave_racy_window();
  const Digest root = send().root;
  auto empty = testing::open_store(home / "other-store");
  testing::StoreRemote other(*empty);
  EXPECT_EQ(must(upload(options(), other)).root, root);
  EXPECT_EQ(must(empty->list(root)).size(), 2U);
  BuildOptions elsewhere = options();
  elsewhere.server_instance = "two";
  EXPECT_EQ(must(upload(elsewhere, other)).hashed_files, 2U) << "an index of another server is not believed";
}

TEST_F(Builder, ADamagedIndexIsNotBelieved) {
  for (int i = 0; i < 5; ++i) write_file(home / fmt::format("source/f{}", i), std::to_string(i));
  testing::leave_racy_window();
  const Digest root = send().root;
  const std::string good = testing::read_text(options().index_path);
  for (std::size_t at = 0; at < good.size(); at += 7) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    write_file(options().index_path, bad);
    const Built built = must(build(options()));
    EXPECT_EQ(built.root, root);
    EXPECT_EQ(built.hashed_files, 5U) << at;
  }
}

TEST_F(Builder, AllProblemsAreToldAtOnce) {
  write_file(home / "source/good", "x");
  ASSERT_EQ(::mkfifo((home / "source/pipe").c_str(), 0600), 0);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s", (home / "source/socket").c_str());
  ASSERT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(socket);
  write_file(home / "source/bad-\xff-name", "x");
  write_file(home / "source/sub/x", "x");
  std::filesystem::create_symlink("/etc/passwd", home / "source/absolute");
  std::filesystem::create_symlink("../../outside", home / "source/sub/outside");
  std::filesystem::create_symlink("x/../../..", home / "source/sub/detour");
  std::filesystem::create_symlink("two", home / "source/one");
  std::filesystem::create_symlink("one", home / "source/two");
  std::filesystem::create_directory_symlink("..", home / "source/sub/parent");
  std::filesystem::create_symlink("x", home / "source/sub/fine");
  const auto list = problems();
  const std::vector<std::string> expected{
      "absolute is a link to \"/etc/passwd\", an absolute path: it would leave the folder",
      "bad-\xEF\xBF\xBD-name has a name that is not UTF-8",
      "one is a link to \"two\", which leads in a circle",
      "pipe is a named pipe",
      "socket is a socket",
      "sub/detour is a link to \"x/../../..\", which goes down and then up again: write the target without the detour",
      "sub/outside is a link to \"../../outside\", which leaves the folder",
      "sub/parent is a link to \"..\", a folder that holds it: a circle",
      "two is a link to \"one\", which leads in a circle",
  };
  EXPECT_EQ(list, expected);
  write_file(home / "source/.gitignore", "absolute\nbad-*\none\ntwo\npipe\nsocket\nsub/*\n!sub/fine\n!sub/x\n");
  EXPECT_EQ(problems(), std::vector<std::string>{}) << "what is left out is no problem";
}

TEST_F(Builder, AMissingFolderAndAFileAreToldApart) {
  EXPECT_EQ(code_of(build(options())), ErrorCode::kSourceInvalid);
  write_file(home / "source", "a file");
  const auto result = build(options());
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message().find("is not a folder"), std::string::npos);
}

TEST_F(Builder, UnreadableFilesAndFoldersAreToldAtOnce) {
  write_file(home / "source/secret", "x");
  write_file(home / "source/closed/file", "x");
  write_file(home / "source/open", "x");
  std::filesystem::permissions(home / "source/secret", std::filesystem::perms::none);
  std::filesystem::permissions(home / "source/closed", std::filesystem::perms::none);
  std::filesystem::permissions(home.path(), std::filesystem::perms::all);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(99);
    const auto list = problems();
    ::_exit(list.size() == 2 && list[0].starts_with("closed/ cannot be read") && list[1].starts_with("secret cannot be read") ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  std::filesystem::permissions(home / "source/closed", std::filesystem::perms::owner_all);
}

TEST_F(Builder, AFileThatKeepsChangingIsNoticed) {
  write_file(home / "source/growing.log", std::string(6'000'000, 'x'));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    while (!stop) std::ofstream(home / "source/growing.log", std::ios::app) << "more\n" << std::flush;
  });
  // On a busy machine the writer may not get a turn while the file is read; then nothing changed.
  std::vector<std::string> list;
  for (int attempt = 0; attempt < 200 && list.empty(); ++attempt) list = problems();
  stop = true;
  writer.join();
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0], "growing.log changes while it is being read");
}

TEST_F(Builder, LimitsAreCheckedBeforeAnythingIsSent) {
  for (int i = 0; i < 10; ++i) write_file(home / fmt::format("source/f{}", i), std::string(100, 'x'));
  BuildOptions limited = options();
  limited.max_files = 9;
  EXPECT_EQ(code_of(upload(limited, remote)), ErrorCode::kInputTooLarge);
  limited.max_files = 10;
  limited.max_bytes = 999;
  EXPECT_EQ(code_of(upload(limited, remote)), ErrorCode::kInputTooLarge);
  EXPECT_EQ(remote.questions, 0);
  limited.max_bytes = 1000;
  EXPECT_TRUE(upload(limited, remote));
}

TEST_F(Builder, AmlignoreReplacesGitignore) {
  write_file(home / "source/.gitignore", "*.data\n");
  write_file(home / "source/sub/.gitignore", "*\n");
  write_file(home / "source/.amlignore", "*.log\n/outputs\n");
  write_file(home / "source/x.data", "x");
  write_file(home / "source/x.log", "x");
  write_file(home / "source/outputs/model", "x");
  write_file(home / "source/sub/y", "x");
  write_file(home / "source/sub/inner/.amlignore", "z\n");
  write_file(home / "source/sub/inner/z", "x");
  std::vector<std::string> paths;
  for (const auto& file : must(store->list(send().root))) paths.push_back(file.path);
  EXPECT_EQ(paths, (std::vector<std::string>{".amlignore", ".gitignore", "sub/.gitignore", "sub/inner/.amlignore", "sub/y", "x.data"}));
}

TEST_F(Builder, ProgressRisesAndEndsComplete) {
  for (int i = 0; i < 500; ++i) write_file(home / fmt::format("source/f{}", i), std::to_string(i));
  BuildOptions told = options();
  Progress last;
  told.progress = [&](const Progress& progress) {
    EXPECT_GE(progress.files, last.files);
    last = progress;
  };
  must(upload(told, remote));
  EXPECT_EQ(last.files, 500U);
  EXPECT_EQ(last.total_files, 500U);
  EXPECT_EQ(last.bytes, last.total_bytes);
  EXPECT_GT(last.sent_bytes, 0U);
}

TEST_F(Builder, TwentyThousandFilesStayQuick) {
  for (int folder = 0; folder < 200; ++folder) {
    std::filesystem::create_directories(home / fmt::format("source/{}/{}", folder % 10, folder));
    for (int i = 0; i < 100; ++i) std::ofstream(home / fmt::format("source/{}/{}/{}", folder % 10, folder, i)) << folder * 100 + i;
  }
  testing::leave_racy_window();
  const Built first = send();
  EXPECT_EQ(first.files, 20'000U);
  EXPECT_EQ(must(store->list(first.root)).size(), 20'000U);
  EXPECT_EQ(send().hashed_files, 0U);
  StringSink sink;
  must(store->write_pack(first.root, sink));
  StringReader reader(sink.bytes());
  EXPECT_EQ(must(materialize(reader, first.root, home / "work")).files, 20'000U);
  EXPECT_EQ(testing::read_text(home / "work/7/157/42"), "15742");
}

/// A remote that fails at the n-th call: nothing of it is remembered as done.
TEST_F(Builder, AnUploadThatFailsAnywhereIsCompletedByTheNext) {
  struct Failing final : testing::StoreRemote {
    using StoreRemote::StoreRemote;
    Status step() {
      if (calls++ == fail_at) return Error(ErrorCode::kServerUnreachable, "cut");
      return ok();
    }
    Result<std::vector<Digest>> missing(std::span<const Digest> digests) override {
      CHECK_OK(step());
      return StoreRemote::missing(digests);
    }
    Status send_pack(std::string_view pack) override {
      CHECK_OK(step());
      return StoreRemote::send_pack(pack);
    }
    Result<SnapshotInfo> commit(const Digest& root) override {
      CHECK_OK(step());
      return StoreRemote::commit(root);
    }
    std::atomic<int> calls{0};
    int fail_at = 0;
  };
  for (int fail_at = 0; fail_at < 8; ++fail_at) {
    for (int i = 0; i < 20; ++i) write_file(home / fmt::format("source/f{}", i), fmt::format("{} {}", fail_at, i));
    testing::leave_racy_window();
    Failing failing(*store);
    failing.fail_at = fail_at;
    const auto built = upload(options(), failing);
    if (!built) EXPECT_EQ(built.error().code(), ErrorCode::kServerUnreachable);
    const Digest root = send().root;
    EXPECT_EQ(must(store->list(root)).size(), 20U);
    EXPECT_EQ(laid_down(root), testing::describe(home / "source"));
  }
}

}  // namespace
}  // namespace stoker::snapshots
