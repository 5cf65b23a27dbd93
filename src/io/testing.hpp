#pragma once
// For tests: a folder that goes away, and a server on a free port that does with each connection what the test says.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "io/file.hpp"

namespace stoker::io::testing {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = "/tmp/stoker-test-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { (void)remove_tree(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// One connection of a PlainServer, seen from the server.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {}
  /// Up to and with `end`; what comes after is kept for the next call. Empty when the other side hangs up.
  std::string read_until(const std::string& end) {
    while (buffer_.find(end) == std::string::npos) {
      if (!fill()) return {};
    }
    return take(buffer_.find(end) + end.size());
  }
  std::string read_exactly(std::size_t size) {
    while (buffer_.size() < size) {
      if (!fill()) return {};
    }
    return take(size);
  }
  void write(const std::string& bytes) { (void)!::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  void answer(int status, const std::string& body, const std::string& headers = "") {
    write(fmt::format("HTTP/1.1 {} Whatever\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(), headers, body));
  }

 private:
  bool fill() {
    char bytes[65536];
    const auto count = ::recv(fd_, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }
  std::string take(std::size_t size) {
    auto bytes = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return bytes;
  }
  int fd_;
  std::string buffer_;
};

/// Serves every connection on a thread of its own by `serve`, which may return at any time (then the connection is closed).
class PlainServer {
 public:
  explicit PlainServer(std::function<void(Peer&)> serve, std::uint16_t port = 0) : serve_(std::move(serve)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(listener_, 64) != 0) std::abort();
    socklen_t length = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { accept_all(); });
  }
  ~PlainServer() {
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    cut();
    for (auto& thread : threads_) thread.join();
  }
  /// Ends all connections of this moment.
  void cut() {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  std::uint16_t port() const { return port_; }
  std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }
  int connections() const { return connections_; }

 private:
  void accept_all() {
    while (!stopping_) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      ++connections_;
      const std::lock_guard lock(mutex_);
      open_.insert(fd);
      threads_.emplace_back([this, fd] { serve_one(fd); });
    }
  }
  void serve_one(int fd) {
    Peer peer(fd);
    serve_(peer);
    const std::lock_guard lock(mutex_);
    open_.erase(fd);
    ::close(fd);
  }
  std::function<void(Peer&)> serve_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::set<int> open_;
  std::vector<std::thread> threads_;
  std::atomic<int> connections_{0};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace stoker::io::testing
