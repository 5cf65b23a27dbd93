#include "api/stored_body.hpp"

#include <fmt/format.h>

namespace stoker::api {
namespace {

constexpr std::size_t kPiece = 256U << 10;

}  // namespace

io::Task<Result<snapshots::StoredFile>> store_body(Call& call, std::uint64_t limit) {
  const Error too_large(ErrorCode::kInputTooLarge, fmt::format("the content is larger than {} bytes", limit));
  if (call.body.length().value_or(0) > limit) co_return too_large;
  std::shared_ptr<snapshots::FileWriter> writer = call.services.objects.new_file();
  auto piece = std::make_shared<std::string>();
  for (std::uint64_t total = 0;;) {
    piece->resize(kPiece);
    std::size_t filled = 0;
    while (filled < kPiece) {
      CO_TRY(const auto count, co_await call.body.read(piece->data() + filled, kPiece - filled));
      if (count == 0) break;
      filled += count;
    }
    piece->resize(filled);
    if (filled == 0) break;
    total += filled;
    if (total > limit) co_return too_large;
    auto write = [writer, piece] { return writer->write(*piece); };
    CO_CHECK_OK(co_await io::blocking(call.services.pool, write));
    if (filled < kPiece) break;
  }
  auto finish = [writer] { return writer->finish(); };
  co_return co_await io::blocking(call.services.pool, finish);
}

Content stored_content(const Call& call, const snapshots::FileRef& file, const Digest& sha256, std::string path) {
  Content content{.size = file.size, .etag = "\"" + sha256.hex() + "\"", .path = std::move(path)};
  content.read = [&objects = call.services.objects, file](std::uint64_t offset, std::size_t limit) { return objects.read_file(file, offset, limit); };
  return content;
}

io::Task<Result<Content>> log_content(Call& call, RunId run) {
  auto& logs = call.services.logs;
  auto measure = [&logs, run] { return logs.size(run); };
  CO_TRY(const auto size, co_await io::blocking(call.services.pool, measure));
  Content content{.size = size, .path = std::string(kLogPath)};
  content.read = [&logs, run](std::uint64_t offset, std::size_t limit) { return logs.read(run, offset, limit); };
  co_return content;
}

}  // namespace stoker::api
