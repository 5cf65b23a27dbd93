#include "supervisor/transfer/uploader.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>

#include "snapshots/source/builder.hpp"
#include "snapshots/store/object_store.hpp"
#include "supervisor/link/link_test_server.hpp"
#include "supervisor/test_support.hpp"
#include "supervisor/transfer/snapshot_fetch.hpp"

namespace stoker::supervisor {
namespace {

using namespace testing;
using namespace protocol;
using namespace std::chrono_literals;

struct Desk {
  explicit Desk(const std::string& dir, const std::string& url) : spool(dir, RunId("exp_1_abcdef01"), 1) {
    start.run = RunId("exp_1_abcdef01");
    start.attempt = 1;
    start.spec.command = "true";
    EXPECT_TRUE(io::make_directories(dir + "/spool"));
    EXPECT_TRUE(spool.create(start));
    EXPECT_TRUE(io::make_directories(spool.outputs()) && io::make_directories(spool.logs()));
    journal = *Journal::create(spool, loop, clock, grown);
    io::HttpOptions options;
    options.url = url;
    workers.emplace(loop, options, 4);
    uploader.emplace(context(), *workers, 10ms);
  }
  ~Desk() { run_task(loop, uploader->stop()); }
  AttemptContext context() { return {start, spool, *journal, loop, pool}; }
  bool until(const std::function<bool()>& holds) { return run_until(loop, holds); }
  void put(const std::string& name, const std::string& content) { ASSERT_TRUE(io::write_file_atomically(spool.work() + "/" + name, content)); }
  std::vector<std::string> recorded() {
    std::vector<std::string> list;
    EXPECT_TRUE(journal->replay([&](const Record& record) {
      if (const auto* file = std::get_if<FileRecord>(&record.payload)) list.push_back(file->path);
    }));
    return list;
  }
  std::string said() { return journal->output_tail(1 << 20); }

  io::Loop loop;
  io::Pool pool{1};
  SystemClock clock;
  io::Signal grown{loop};
  StartMessage start;
  Spool spool;
  std::unique_ptr<Journal> journal;
  std::optional<HttpWorkers> workers;
  std::optional<Uploader> uploader;
};

TEST(Uploader, FinishSendsEverythingOfBothFolders) {
  TemporaryFolder folder;
  PlayedServer server;
  Desk desk(folder.path(), server.url());
  ASSERT_TRUE(io::make_directories(desk.spool.outputs() + "/deep/er"));
  desk.put("outputs/a", "A");
  desk.put("outputs/deep/er/b", "");
  desk.put("logs/c", std::string(3'000'000, 'c'));
  desk.put("not-special", "x");
  EXPECT_TRUE(run_task(desk.loop, desk.uploader->finish()));
  const auto files = server.files();
  EXPECT_EQ(files.size(), 3U);
  EXPECT_EQ(files.at("outputs/a"), "A");
  EXPECT_EQ(files.at("outputs/deep/er/b"), "");
  EXPECT_EQ(files.at("logs/c").size(), 3'000'000U);
  auto recorded = desk.recorded();
  std::ranges::sort(recorded);
  EXPECT_EQ(recorded, (std::vector<std::string>{"logs/c", "outputs/a", "outputs/deep/er/b"}));
}

TEST(Uploader, AFileAtRestIsSentWhileTheScriptRunsAndNotAgainAtItsEnd) {
  TemporaryFolder folder;
  PlayedServer server;
  Desk desk(folder.path(), server.url());
  desk.put("outputs/early", "E");
  desk.uploader->begin();
  ASSERT_TRUE(desk.until([&] { return desk.recorded().size() == 1; }));
  desk.put("outputs/late", "L");
  EXPECT_TRUE(run_task(desk.loop, desk.uploader->finish()));
  EXPECT_EQ(server.heads().size(), 2U);
  EXPECT_EQ(server.files().at("outputs/late"), "L");
}

TEST(Uploader, AFileThatChangesIsSentAgain) {
  TemporaryFolder folder;
  PlayedServer server;
  Desk desk(folder.path(), server.url());
  desk.put("outputs/f", "one");
  desk.uploader->begin();
  ASSERT_TRUE(desk.until([&] { return desk.recorded().size() == 1; }));
  desk.put("outputs/f", "two");
  EXPECT_TRUE(run_task(desk.loop, desk.uploader->finish()));
  EXPECT_EQ(server.files().at("outputs/f"), "two");
}

TEST(Uploader, LogsAreSentWhileTheyGrowAndOutputsOnlyAtRest) {
  TemporaryFolder folder;
  PlayedServer server;
  Desk desk(folder.path(), server.url());
  std::string text;
  const auto grow = [&] {
    text += "more\n";
    desk.put("logs/events", text);
    desk.put("outputs/model", text);
  };
  grow();
  desk.uploader->begin();
  // Every look of the uploader finds both changed.
  ASSERT_TRUE(desk.until([&] {
    grow();
    return std::ranges::count(desk.recorded(), "logs/events") > 1;
  }));
  EXPECT_EQ(std::ranges::count(desk.recorded(), "outputs/model"), 0);
  EXPECT_TRUE(run_task(desk.loop, desk.uploader->finish()));
  EXPECT_EQ(server.files().at("logs/events"), text);
  EXPECT_EQ(server.files().at("outputs/model"), text);
}

TEST(Uploader, WaitsForAServerThatIsAway) {
  TemporaryFolder folder;
  std::uint16_t port = 0;
  {
    port = PlayedServer().port();
  }
  Desk desk(folder.path(), fmt::format("http://127.0.0.1:{}", port));
  desk.put("outputs/f", "patience");
  std::optional<PlayedServer> server;
  io::TaskGroup tasks(desk.loop, "test");
  bool finished = false;
  auto finish = [](Uploader& uploader, bool& done) -> io::Task<void> {
    (void)co_await uploader.finish();
    done = true;
  };
  tasks.spawn("finish", finish(*desk.uploader, finished));
  desk.loop.run_for(300ms);
  EXPECT_FALSE(finished);
  server.emplace(port);
  ASSERT_TRUE(desk.until([&] { return finished; }));
  EXPECT_EQ(server->files().at("outputs/f"), "patience");
}

TEST(Uploader, AFullDiskOverThereIsWaitedFor) {
  TemporaryFolder folder;
  PlayedServer server;
  server.files_to_refuse = 2;
  server.refuses_files_with = 507;
  Desk desk(folder.path(), server.url());
  desk.put("outputs/f", "x");
  EXPECT_TRUE(run_task(desk.loop, desk.uploader->finish()));
  EXPECT_EQ(server.files().count("outputs/f"), 1U);
}

TEST(Uploader, ARefusalIsSaidAndDoesNotStopTheOthers) {
  TemporaryFolder folder;
  PlayedServer server;
  server.files_to_refuse = 1;
  server.refuses_files_with = 409;
  Desk desk(folder.path(), server.url());
  desk.put("outputs/f", "x");
  desk.put("outputs/g", "x");
  EXPECT_TRUE(run_task(desk.loop, desk.uploader->finish()));
  EXPECT_EQ(server.files().size(), 1U);
  EXPECT_NE(desk.said().find("was not uploaded: no"), std::string::npos) << desk.said();
}

TEST(Uploader, AnExplicitUploadThatTheServerKeepsIsNoNewFile) {
  TemporaryFolder folder;
  PlayedServer server;
  server.keeps_uploads = true;
  Desk desk(folder.path(), server.url());
  desk.put("outputs/f", "x");
  EXPECT_TRUE(run_task(desk.loop, desk.uploader->finish()));
  EXPECT_TRUE(desk.recorded().empty());
}

TEST(Uploader, StopInterruptsARequestThatHangs) {
  TemporaryFolder folder;
  std::atomic<bool> asked = false;
  io::testing::PlainServer silent([&](io::testing::Peer& peer) {
    peer.read_until("\r\n\r\n");
    asked = true;
    peer.read_until("never");
  });
  Desk desk(folder.path(), silent.url());
  desk.put("outputs/f", "x");
  desk.uploader->begin();
  ASSERT_TRUE(desk.until([&] { return asked.load(); }));
  const auto before = std::chrono::steady_clock::now();
  run_task(desk.loop, desk.uploader->stop());
  EXPECT_LT(std::chrono::steady_clock::now() - before, 5s);
}

TEST(Scan, TellsWhatIsNotUploadedAndNeverLeavesTheFolder) {
  TemporaryFolder folder;
  const auto work = folder.file("work");
  ASSERT_TRUE(io::make_directories(work + "/outputs/folder"));
  ASSERT_TRUE(io::write_file_atomically(folder.file("secret"), "secret"));
  ASSERT_TRUE(io::write_file_atomically(work + "/outputs/folder/real", "x"));
  ASSERT_TRUE(io::write_file_atomically(work + "/elsewhere", "y"));
  const auto link = [&](const std::string& to, const std::string& name) { ASSERT_EQ(::symlink(to.c_str(), (work + "/outputs/" + name).c_str()), 0); };
  link("../../secret", "out");
  link(folder.file("secret"), "absolute");
  link("folder/real", "latest");
  link("../elsewhere", "inside");
  link("folder", "to-folder");
  link("loop", "loop");
  ASSERT_EQ(::mkfifo((work + "/outputs/pipe").c_str(), 0600), 0);
  const auto scan = scan_special_folders(work);
  std::vector<std::string> names;
  for (const auto& file : scan.files) names.push_back(file.name);
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"outputs/folder/real", "outputs/inside", "outputs/latest"}));
  for (const auto* path : {"out", "absolute", "to-folder", "loop", "pipe"})
    EXPECT_TRUE(scan.remarks.contains(std::string("outputs/") + path)) << path;
  EXPECT_EQ(scan.remarks.size(), 5U);
  EXPECT_FALSE(open_found_file(work, "outputs/out"));
  EXPECT_FALSE(open_found_file(work, "outputs/pipe"));
  EXPECT_TRUE(open_found_file(work, "outputs/latest"));
}

TEST(Scan, AFolderThatBecameALinkIsNotFollowed) {
  TemporaryFolder folder;
  ASSERT_TRUE(io::make_directories(folder.file("work")));
  ASSERT_EQ(::symlink("/etc", folder.file("work/outputs").c_str()), 0);
  const auto scan = scan_special_folders(folder.file("work"));
  EXPECT_TRUE(scan.files.empty());
  EXPECT_TRUE(scan.remarks.contains("outputs"));
}

TEST(Scan, NamesThatAreNotUtf8GetReadableOnes) {
  using namespace std::string_literals;
  EXPECT_EQ(name_for_server("outputs/\xff\xfe"s), "outputs/%FF%FE");
  EXPECT_EQ(name_for_server("outputs/\xC3\xBC \xE2\x82\xAC \xF0\x9F\x98\x80"), "outputs/\xC3\xBC \xE2\x82\xAC \xF0\x9F\x98\x80");
  EXPECT_EQ(name_for_server("outputs/a\\b\xC3"), "outputs/a%5Cb%C3");
  EXPECT_EQ(name_for_server("outputs/100%"), "outputs/100%");
}

// The server's side of a snapshot, without HTTP.
class Store final : public snapshots::Remote {
 public:
  explicit Store(snapshots::ObjectStore& store) : store_(store) {}
  Result<std::vector<Digest>> missing(std::span<const Digest> digests) override { return store_.missing(digests); }
  Status send_pack(std::string_view pack) override {
    snapshots::StringReader reader(pack);
    CHECK_OK(store_.add_pack(reader));
    return ok();
  }
  Result<snapshots::SnapshotInfo> commit(const Digest& root) override { return store_.commit(root); }

 private:
  snapshots::ObjectStore& store_;
};

struct Snapshot {
  explicit Snapshot(const TemporaryFolder& folder) {
    const auto store = *snapshots::ObjectStore::open(folder.file("store"));
    Store remote(*store);
    snapshots::BuildOptions options;
    options.source = folder.file("source");
    const auto built = snapshots::upload(options, remote);
    EXPECT_TRUE(built) << built.error().to_terminal();
    id = built->id();
    snapshots::StringSink sink;
    EXPECT_TRUE(store->write_pack(built->root, sink));
    pack = sink.take();
  }
  SnapshotId id;
  std::string pack;
};

TEST(SnapshotFetch, LaysTheSnapshotDownBesideTheSpecialFolders) {
  TemporaryFolder folder;
  ASSERT_TRUE(io::make_directories(folder.file("source/pkg")));
  ASSERT_TRUE(io::write_file_atomically(folder.file("source/train.py"), "print(1)\n"));
  ASSERT_TRUE(io::write_file_atomically(folder.file("source/pkg/run.sh"), "#!/bin/sh\n", 0755));
  const Snapshot snapshot(folder);
  PlayedServer server;
  server.answers[fmt::format("GET /api/v1/snapshots/{}/pack", snapshot.id.text())] = snapshot.pack;
  Desk desk(folder.path(), server.url());
  desk.start.spec.snapshot = snapshot.id;
  SnapshotFetch fetch(desk.context(), *desk.workers);
  const auto fetched = run_task(desk.loop, fetch.fetch());
  ASSERT_TRUE(fetched) << fetched.error().to_terminal();
  EXPECT_EQ(*io::read_file(desk.spool.work() + "/train.py"), "print(1)\n");
  EXPECT_EQ(::access((desk.spool.work() + "/pkg/run.sh").c_str(), X_OK), 0);
  EXPECT_TRUE(io::exists(desk.spool.outputs()));
  EXPECT_TRUE(io::exists(desk.spool.logs()));
  EXPECT_FALSE(io::exists(desk.spool.path() + "/work.new"));
}

TEST(SnapshotFetch, ABrokenPackIsAnErrorAndLeavesTheWorkingFolderEmpty) {
  TemporaryFolder folder;
  ASSERT_TRUE(io::make_directories(folder.file("source")));
  ASSERT_TRUE(io::write_file_atomically(folder.file("source/train.py"), std::string(100'000, 'x') + "y"));
  Snapshot snapshot(folder);
  snapshot.pack[snapshot.pack.size() / 2] = static_cast<char>(snapshot.pack[snapshot.pack.size() / 2] ^ 1);
  PlayedServer server;
  server.answers[fmt::format("GET /api/v1/snapshots/{}/pack", snapshot.id.text())] = snapshot.pack;
  Desk desk(folder.path(), server.url());
  desk.start.spec.snapshot = snapshot.id;
  SnapshotFetch fetch(desk.context(), *desk.workers);
  EXPECT_FALSE(run_task(desk.loop, fetch.fetch()));
  EXPECT_FALSE(io::exists(desk.spool.work() + "/train.py"));
}

TEST(SnapshotFetch, OneThatTheServerLacksIsSaidAtOnce) {
  TemporaryFolder folder;
  PlayedServer server;
  Desk desk(folder.path(), server.url());
  desk.start.spec.snapshot = SnapshotId(std::string(64, 'a'));
  SnapshotFetch fetch(desk.context(), *desk.workers);
  EXPECT_EQ(run_task(desk.loop, fetch.fetch()).error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace stoker::supervisor
