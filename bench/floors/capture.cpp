// Floor of log capture: a 1 MiB pipe read into a file. Prints the seconds. Usage: capture FILE PROGRAM [ARGUMENT …]
#include <fcntl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <vector>

static double now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

int main(int, char** argv) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return 1;
  fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
  const int file = open(argv[1], O_CREAT | O_WRONLY | O_TRUNC, 0600);
  const double start = now();
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], 1);
    execv(argv[2], argv + 2);
    _exit(127);
  }
  close(ends[1]);
  std::vector<char> buffer(1 << 20);
  for (ssize_t got = 0; (got = read(ends[0], buffer.data(), buffer.size())) > 0;)
    if (write(file, buffer.data(), static_cast<size_t>(got)) != got) return 1;
  waitpid(child, nullptr, 0);
  std::printf("%.6f\n", now() - start);
}
