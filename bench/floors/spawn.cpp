// Floor of starting a run: one durable append, then posix_spawn of a program that stamps its first instruction.
// Prints the microseconds from before the append to the child's stamp, one line a round. Usage: spawn ROUNDS FOLDER
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

extern char** environ;

static double now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_nsec) / 1e3;
}

int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[1]) == "stamp") {
    std::printf("%.1f\n", now());
    return 0;
  }
  const int rounds = std::atoi(argv[1]);
  const int log = open((std::string(argv[2]) + "/floor.log").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  char block[4096] = {};
  for (int i = 0; i < rounds; ++i) {
    int ends[2];
    if (pipe(ends) != 0) return 1;
    const double start = now();
    if (write(log, block, sizeof block) != sizeof block || fdatasync(log) != 0) return 1;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    char name[] = "/proc/self/exe", mode[] = "stamp";
    char* arguments[] = {name, mode, nullptr};
    pid_t child = 0;
    if (posix_spawn(&child, argv[0], &actions, nullptr, arguments, environ) != 0) return 1;
    close(ends[1]);
    char text[64] = {};
    if (read(ends[0], text, sizeof text - 1) <= 0) return 1;
    std::printf("%.1f\n", std::atof(text) - start);
    waitpid(child, nullptr, 0);
    close(ends[0]);
  }
}
