#include "snapshots/laying/received_pack.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <thread>

#include "snapshots/laying/materialize.hpp"

namespace stoker::snapshots {
namespace {

/// Between the thread that downloads and the one that writes files.
class Pipe final : public PackReader {
 public:
  bool push(std::string_view bytes) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return buffer_.size() < kMost || reader_left_; });
    buffer_.append(bytes);
    changed_.notify_all();
    return !reader_left_;
  }
  void end(Status how) {
    const std::lock_guard lock(mutex_);
    end_ = std::move(how);
    changed_.notify_all();
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    reader_left_ = true;
    changed_.notify_all();
  }
  Result<std::size_t> read(char* into, std::size_t size) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return at_ < buffer_.size() || end_; });
    if (at_ == buffer_.size()) return *end_ ? Result<std::size_t>(std::size_t{0}) : Result<std::size_t>(end_->error());
    const auto count = std::min(size, buffer_.size() - at_);
    std::memcpy(into, buffer_.data() + at_, count);
    at_ += count;
    if (at_ == buffer_.size()) {
      buffer_.clear();
      at_ = 0;
      changed_.notify_all();
    }
    return count;
  }

 private:
  static constexpr std::size_t kMost = 4U << 20;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string buffer_;
  std::size_t at_ = 0;
  std::optional<Status> end_;
  bool reader_left_ = false;
};

}  // namespace

Status lay_down(const std::function<Status(const TakeBytes& take)>& download, const Digest& root, const std::string& directory) {
  Pipe pipe;
  Status downloaded = ok();
  std::thread downloader([&] {
    downloaded = download([&pipe](std::string_view bytes) { return pipe.push(bytes); });
    pipe.end(downloaded);
  });
  const auto laid_down = materialize(pipe, root, directory);
  pipe.leave();
  downloader.join();
  if (laid_down) return ok();
  return downloaded ? Status(laid_down.error()) : downloaded;
}

}  // namespace stoker::snapshots
