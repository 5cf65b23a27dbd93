#pragma once
// For tests of db/ and catalog/ only: the two engines behind one interface, each test with a database of its own.
// PostgreSQL is real and started here, once per test program, in a temporary folder, without a port.

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "db/database.hpp"

namespace stoker::db::testing {

/// A folder that is removed at the end.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& parent = std::filesystem::temp_directory_path()) {
    std::string pattern = parent + "/stoker-db-XXXXXX";
    if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// `postgres` in a temporary folder, as an ordinary user when this is root (it refuses to run as root).
class PostgresServer {
 public:
  /// The one of this program. `problem()` is not empty when it could not be started.
  static PostgresServer& instance() {
    static PostgresServer server;
    return server;
  }

  const std::string& problem() const { return problem_; }
  std::string url(const std::string& schema) const {
    return fmt::format("postgresql:///postgres?host={}&user=stoker&options=-csearch_path%3D{}", folder_.path(), schema);
  }

  ~PostgresServer() {
    if (server_ <= 0) return;
    kill(server_, SIGQUIT);  // at once: nothing is to be kept
    waitpid(server_, nullptr, 0);
  }

 private:
  PostgresServer() {
    const auto binaries = find_binaries();
    if (binaries.empty()) {
      problem_ = "PostgreSQL is not installed, and these tests need a real one: apt-get install -y postgresql (tools/setup test does it)";
      return;
    }
    if (!hand_over(folder_.path())) return;
    launch(binaries);
  }

  void launch(const std::string& binaries) {
    const auto data = folder_.path() + "/data";
    // A language's own collation as default shows that nothing depends on the order of the database.
    const auto made = start({binaries + "/initdb", "-D", data, "-U", "stoker", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                             "--locale-provider=icu", "--icu-locale=en-US", "--no-sync"});
    if (!made || !succeeded(*made)) return fail("initdb failed");
    const auto server = start({binaries + "/postgres", "-D", data, "-k", folder_.path(), "-h", "", "-c", "fsync=off", "-c", "shared_buffers=16MB",
                               "-c", "max_connections=30"});
    if (!server) return fail("postgres could not be started");
    server_ = *server;
    wait_until_ready();
  }

  static std::string find_binaries() {
    std::string newest;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", ignored)) {
      const auto path = entry.path().string() + "/bin";
      if (std::filesystem::exists(path + "/initdb") && path > newest) newest = path;
    }
    return newest;
  }

  static const passwd* user() {
    const auto* found = getpwnam("postgres");
    return found != nullptr ? found : getpwnam("nobody");
  }

  bool hand_over(const std::string& path) {
    if (geteuid() != 0) return true;
    const auto* owner = user();
    if (owner != nullptr && chown(path.c_str(), owner->pw_uid, owner->pw_gid) == 0) return true;
    fail("no ordinary user to run PostgreSQL as");
    return false;
  }

  std::optional<pid_t> start(const std::vector<std::string>& words) {
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const auto* owner = geteuid() == 0 ? user() : nullptr;
    const auto uid = owner != nullptr ? owner->pw_uid : getuid();
    const auto gid = owner != nullptr ? owner->pw_gid : getgid();
    const auto log = folder_.path() + "/log";
    const pid_t child = fork();
    if (child < 0) return std::nullopt;
    if (child > 0) return child;
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
    dup2(out, 1);
    dup2(out, 2);
    const bool dropped = owner == nullptr || (setgid(gid) == 0 && setuid(uid) == 0);
    if (dropped && chdir("/") == 0) execv(arguments[0], arguments.data());
    _exit(127);
  }

  static bool succeeded(pid_t child) {
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  void wait_until_ready() {
    const Schema nothing;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (true) {
      const auto database = Database::open({.url = url("public")}, nothing);
      if (database) return;
      const bool ended = waitpid(server_, nullptr, WNOHANG) == server_;
      if (ended) server_ = 0;
      if (ended || std::chrono::steady_clock::now() > deadline) return fail(database.error().to_line());
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  void fail(const std::string& what) {
    std::ifstream log(folder_.path() + "/log");
    problem_ = what + "\n" + std::string(std::istreambuf_iterator<char>(log), {});
  }

  TemporaryFolder folder_{"/tmp"};  // a short name: a socket's path has at most 107 bytes
  std::string problem_;
  pid_t server_ = 0;
};

enum class Engine { kSqlite, kPostgres };

inline std::string engine_name(const ::testing::TestParamInfo<Engine>& info) { return info.param == Engine::kSqlite ? "Sqlite" : "Postgres"; }

/// A test that runs on both: `settings()` is an empty database of its own.
class OnBothEngines : public ::testing::TestWithParam<Engine> {
 protected:
  void SetUp() override {
    settings_.url = folder_.path() + "/catalog.sqlite";
    if (GetParam() == Engine::kSqlite) return;
    auto& server = PostgresServer::instance();
    ASSERT_EQ(server.problem(), "");
    static std::atomic<int> next = 0;
    const auto name = fmt::format("test_{}", ++next);
    const Schema nothing;
    auto database = Database::open({.url = server.url("public")}, nothing);
    ASSERT_TRUE(database) << database.error().to_line();
    auto connection = (*database)->connect(Access::kWrite);
    ASSERT_TRUE(connection) << connection.error().to_line();
    const auto made = (*connection)->run_script("CREATE SCHEMA " + name);
    ASSERT_TRUE(made) << made.error().to_line();
    settings_.url = server.url(name);
  }
  const Settings& settings() const { return settings_; }
  const std::string& folder() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  Settings settings_;
};

}  // namespace stoker::db::testing

/// The value of a Result, or a failed test that says why. For statements: VALUE_OF(auto run, find_run(…));
#define VALUE_OF(declaration, expression) VALUE_OF_(declaration, expression, STOKER_CONCAT(value_of_, __LINE__))
#define VALUE_OF_(declaration, expression, name)           \
  auto name = (expression);                                \
  ASSERT_TRUE(name.has_value()) << name.error().to_line(); \
  declaration = std::move(*name)
#define EXPECT_OK(expression) \
  if (const auto outcome_ = (expression); !outcome_) ADD_FAILURE() << #expression << ": " << outcome_.error().to_line()
#define EXPECT_ERROR(expression, expected)                                                        \
  if (const auto outcome_ = (expression); outcome_) ADD_FAILURE() << #expression << " succeeded"; \
  else EXPECT_EQ(info(outcome_.error().code()).slug, info(ErrorCode::expected).slug) << outcome_.error().to_line()
