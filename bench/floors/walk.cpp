// Floor of a snapshot: reading every directory and one fstatat a file ("stat"), or also reading and hashing every file and writing one
// stream ("hash"), on two threads. Prints the seconds. Usage: walk stat|hash FOLDER
#include <dirent.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

static double now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

int main(int, char** argv) {
  const bool hash = std::string(argv[1]) == "hash";
  const EVP_MD* method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::deque<std::string> folders{argv[2]};
  std::mutex mutex;
  std::condition_variable changed;
  int busy = 0;
  auto work = [&] {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    std::vector<char> buffer(1 << 20);
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return !folders.empty() || busy == 0; });
      if (folders.empty()) break;
      const std::string folder = std::move(folders.front());
      folders.pop_front();
      ++busy;
      lock.unlock();
      DIR* dir = opendir(folder.c_str());
      while (const dirent* entry = readdir(dir)) {
        if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
        if (entry->d_type == DT_DIR) {
          std::lock_guard guard(mutex);
          folders.push_back(folder + "/" + entry->d_name);
          changed.notify_one();
          continue;
        }
        struct stat info{};
        fstatat(dirfd(dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW);
        if (!hash) continue;
        const int file = openat(dirfd(dir), entry->d_name, O_RDONLY);
        const ssize_t got = read(file, buffer.data(), buffer.size());
        close(file);
        unsigned char digest[32];
        EVP_DigestInit_ex2(context, method, nullptr);
        EVP_DigestUpdate(context, buffer.data(), static_cast<size_t>(got > 0 ? got : 0));
        EVP_DigestFinal_ex(context, digest, nullptr);
      }
      closedir(dir);
      lock.lock();
      --busy;
      changed.notify_all();
    }
  };
  const double start = now();
  std::thread first(work), second(work);
  first.join();
  second.join();
  std::printf("%.6f\n", now() - start);
}
