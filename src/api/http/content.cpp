#include "api/http/content.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "api/http/range.hpp"

namespace stoker::api {
namespace {

constexpr std::size_t kPiece = 256U << 10;

constexpr std::array<std::pair<std::string_view, std::string_view>, 17> kTypes = {{{".txt", "text/plain; charset=utf-8"},
                                                                                   {".log", "text/plain; charset=utf-8"},
                                                                                   {".md", "text/plain; charset=utf-8"},
                                                                                   {".py", "text/plain; charset=utf-8"},
                                                                                   {".yml", "text/plain; charset=utf-8"},
                                                                                   {".yaml", "text/plain; charset=utf-8"},
                                                                                   {".csv", "text/csv; charset=utf-8"},
                                                                                   {".json", "application/json"},
                                                                                   {".ipynb", "application/json"},
                                                                                   {".html", "text/html; charset=utf-8"},
                                                                                   {".png", "image/png"},
                                                                                   {".jpg", "image/jpeg"},
                                                                                   {".jpeg", "image/jpeg"},
                                                                                   {".gif", "image/gif"},
                                                                                   {".webp", "image/webp"},
                                                                                   {".svg", "image/svg+xml"},
                                                                                   {".pdf", "application/pdf"}}};

struct Reading {
  io::Pool& pool;
  std::function<Result<std::string>(std::uint64_t, std::size_t)> read;
  std::uint64_t offset = 0;
  std::uint64_t left = 0;
};

io::Task<Status> send_content(std::shared_ptr<Reading> reading, ReplySink& sink) {
  while (reading->left > 0) {
    const auto limit = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, reading->left));
    auto work = [reading, limit] { return reading->read(reading->offset, limit); };
    CO_TRY(const auto bytes, co_await io::blocking(reading->pool, work));
    if (bytes.empty()) co_return Error(ErrorCode::kSnapshotCorrupt, "the content ends too early");
    CO_CHECK_OK(co_await sink.write(bytes));
    reading->offset += bytes.size();
    reading->left -= std::min<std::uint64_t>(bytes.size(), reading->left);
  }
  co_return ok();
}

RangeChoice wanted_range(const Call& call, const Content& content) {
  auto range = call.head.find("range");
  const auto condition = call.head.find("if-range");
  if (condition && (content.etag.empty() || *condition != content.etag)) range = std::nullopt;
  return choose_range(range, content.size);
}

}  // namespace

std::string_view content_type_of(std::string_view path) {
  const auto dot = path.rfind('.');
  if (dot == std::string_view::npos) return "application/octet-stream";
  for (const auto& [ending, type] : kTypes)
    if (path.substr(dot) == ending) return type;
  return "application/octet-stream";
}

Reply content_reply(const Call& call, Content content) {
  Reply reply;
  reply.content_type = content_type_of(content.path);
  reply.headers.emplace_back("Content-Security-Policy", "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'");
  reply.headers.emplace_back("Accept-Ranges", "bytes");
  if (!content.etag.empty()) reply.headers.emplace_back("ETag", content.etag);
  reply.headers.emplace_back("Cache-Control", "private, no-cache");
  if (const auto known = call.head.find("if-none-match"); known && !content.etag.empty() && matches_etag(*known, content.etag)) {
    reply.status = 304;
    return reply;
  }
  const auto [kind, range] = wanted_range(call, content);
  if (kind == RangeChoice::Kind::kUnsatisfiable) {
    reply.status = 416;
    reply.content_type = "application/json";
    reply.body =
        json::serialize(to_json(Error(ErrorCode::kInvalidInput, fmt::format("the range lies behind the end: there are {} bytes", content.size))));
    reply.headers.emplace_back("Content-Range", fmt::format("bytes */{}", content.size));
    return reply;
  }
  if (kind == RangeChoice::Kind::kPart) {
    reply.status = 206;
    reply.headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", range.offset, range.offset + range.length - 1, content.size));
  }
  auto reading = std::make_shared<Reading>(Reading{call.services.pool, std::move(content.read), range.offset, range.length});
  reply.length = range.length;
  reply.stream = [reading](ReplySink& sink) { return send_content(reading, sink); };
  return reply;
}

}  // namespace stoker::api
