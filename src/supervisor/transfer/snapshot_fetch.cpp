#include "supervisor/transfer/snapshot_fetch.hpp"

#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "base/digest.hpp"
#include "snapshots/laying/materialize.hpp"

namespace stoker::supervisor {
namespace {

// Between the thread that downloads and the one that writes files; holds some megabytes, then the download waits.
class Pipe final : public snapshots::PackReader {
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

Status download(io::HttpClient& client, const std::string& target, Pipe& pipe) {
  io::HttpRequest request;
  request.target = target;
  request.sink = [&](std::string_view bytes) { return pipe.push(bytes); };
  const auto response = client.expect(std::move(request));
  if (!response) return response.error();
  return ok();
}

/// Lays the snapshot down in `folder`. The download's error counts more than what it did to the reader.
Status fetch_into(io::HttpClient& client, const std::string& target, const Digest& root, const std::string& folder) {
  CHECK_OK(io::remove_tree(folder));
  Pipe pipe;
  Status downloaded = ok();
  std::thread downloader([&] {
    downloaded = download(client, target, pipe);
    pipe.end(downloaded);
  });
  const auto laid_down = snapshots::materialize(pipe, root, folder);
  pipe.leave();
  downloader.join();
  if (laid_down) return ok();
  return downloaded ? Status(laid_down.error()) : downloaded;
}

// The working directory appears whole: the script's special folders are made in it afterwards, unless the snapshot brought them.
Status put_in_place(const std::string& folder, const Spool& spool) {
  CHECK_OK(io::remove_tree(spool.work()));
  if (std::rename(folder.c_str(), spool.work().c_str()) != 0) return errno_error(fmt::format("cannot rename {}", folder), errno);
  for (const auto& special : {spool.outputs(), spool.logs()}) {
    if (auto made = io::make_directories(special, 0755); !made) {
      return Error(ErrorCode::kSourceInvalid, "the source folder has a file where ./outputs and ./logs must be folders")
          .because(std::move(made).error());
    }
  }
  return ok();
}

}  // namespace

io::Task<Status> SnapshotFetch::fetch() {
  const auto id = context_.start.spec.snapshot.value_or(SnapshotId());
  CO_TRY(const auto root, Digest::from_hex(id.text()));
  const auto target = fmt::format("/api/v1/snapshots/{}/pack", id.text());
  const auto folder = context_.spool.path() + "/work.new";
  BackOff back_off;
  while (true) {
    std::function<Status(io::HttpClient&)> work = [target, root, folder](io::HttpClient& client) { return fetch_into(client, target, root, folder); };
    auto fetched = co_await workers_.run<void>(std::move(work));
    if (fetched) break;
    if (!is_server_away(fetched.error()) || fetched.error().code() == ErrorCode::kStorageFull)
      co_return std::move(fetched).error().at("while fetching the snapshot");
    log::info("supervisor", "the snapshot must wait", {{"run", context_.start.run.text()}, {"cause", fetched.error().to_line()}});
    co_await back_off.wait();
  }
  co_return put_in_place(folder, context_.spool);
}

}  // namespace stoker::supervisor
