#include "api/pack_transfer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <boost/asio/post.hpp>

namespace stoker::api {
namespace {

constexpr std::size_t kPipeBytes = 1U << 20;
constexpr std::size_t kInMemory = 1U << 20;
constexpr std::size_t kPiece = 256U << 10;

/// Fills `piece` as far as the body goes.
io::Task<Status> fill(BodyReader& body, std::string& piece) {
  piece.resize(kPiece);
  std::size_t filled = 0;
  while (filled < kPiece) {
    CO_TRY(const auto count, co_await body.read(piece.data() + filled, kPiece - filled));
    if (count == 0) break;
    filled += count;
  }
  piece.resize(filled);
  co_return ok();
}

}  // namespace

Status PackPipe::write(std::string_view bytes) {
  {
    std::unique_lock lock(mutex_);
    taken_.wait(lock, [this] { return left_ || bytes_.size() < kPipeBytes; });
    if (left_) return Error(ErrorCode::kCanceled, "the reader left");
    bytes_.append(bytes);
  }
  wake();
  return ok();
}

void PackPipe::end(Status status) {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    status_ = std::move(status);
  }
  wake();
}

void PackPipe::wake() {
  boost::asio::post(loop_, [self = shared_from_this()] { self->changed_.notify(); });
}

io::Task<Result<std::string>> PackPipe::next() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (!bytes_.empty()) {
        auto bytes = std::exchange(bytes_, {});
        taken_.notify_one();
        co_return bytes;
      }
      if (ended_ && !status_) co_return status_.error();
      if (ended_) co_return std::string();
    }
    co_await changed_.wait();
  }
}

void PackPipe::leave() {
  const std::lock_guard lock(mutex_);
  left_ = true;
  taken_.notify_one();
}

io::Task<Result<SpooledBody>> SpooledBody::receive(BodyReader& body, io::Pool& pool, std::string directory, std::uint64_t limit) {
  const Error too_large(ErrorCode::kInputTooLarge, fmt::format("the body is larger than {} bytes", limit));
  if (body.length().value_or(0) > limit) co_return too_large;
  SpooledBody spooled;
  std::string piece;
  for (std::uint64_t size = 0;;) {
    CO_CHECK_OK(co_await fill(body, piece));
    size += piece.size();
    if (size > limit) co_return too_large;
    if (!spooled.file_.is_open() && size <= kInMemory) {
      spooled.memory_ += piece;
    } else {
      auto write = [&]() -> Status {
        if (!spooled.file_.is_open()) {
          TRY(spooled.file_, io::open_file(directory, O_TMPFILE | O_RDWR, 0600));
          CHECK_OK(io::write_all(spooled.file_.get(), std::exchange(spooled.memory_, {})));
        }
        return io::write_all(spooled.file_.get(), piece);
      };
      CO_CHECK_OK(co_await io::blocking(pool, write));
    }
    if (piece.size() < kPiece) co_return spooled;
  }
}

std::unique_ptr<snapshots::PackReader> SpooledBody::reader() const {
  if (!file_.is_open()) return std::make_unique<snapshots::StringReader>(memory_);
  ::lseek(file_.get(), 0, SEEK_SET);
  return std::make_unique<snapshots::FdReader>(file_.get());
}

}  // namespace stoker::api
