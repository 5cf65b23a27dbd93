// Floor of finished runs a second: per run a pipe, posix_spawn of /bin/true, its output drained into a file, the end appended and synced
// (in groups, as many as ended together). Two workers. Prints the seconds for COUNT runs. Usage: run COUNT FOLDER
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>

extern char** environ;

static double now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

int main(int, char** argv) {
  const int count = std::atoi(argv[1]);
  const std::string folder = argv[2];
  const int log = open((folder + "/ends").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  std::atomic<int> next{0};
  auto work = [&](int worker) {
    const int output = open((folder + "/output." + std::to_string(worker)).c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    while (next++ < count) {
      int ends[2];
      if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
      posix_spawn_file_actions_t actions;
      posix_spawn_file_actions_init(&actions);
      posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
      char name[] = "/bin/true";
      char* arguments[] = {name, nullptr};
      pid_t child = 0;
      if (posix_spawn(&child, name, &actions, nullptr, arguments, environ) != 0) std::abort();
      close(ends[1]);
      char buffer[65536];
      for (ssize_t got = 0; (got = read(ends[0], buffer, sizeof buffer)) > 0;)
        if (write(output, buffer, static_cast<size_t>(got)) != got) std::abort();
      int status = 0;
      waitpid(child, &status, 0);
      close(ends[0]);
      if (write(log, &status, sizeof status) != sizeof status) std::abort();
      if (fdatasync(log) != 0) std::abort();
    }
  };
  const double start = now();
  std::thread first(work, 0), second(work, 1);
  first.join();
  second.join();
  std::printf("%.6f\n", now() - start);
}
