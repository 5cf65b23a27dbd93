#pragma once
// Answers whose body is content that users made: whole or a range of it, read piece by piece, and never trusted by a browser
// (nosniff, and a sandbox without scripts).

#include <functional>

#include "api/call.hpp"

namespace stoker::api {

struct Content {
  std::uint64_t size = 0;
  std::string etag;  // with quotes; empty: none
  std::string path;  // its ending says the type
  /// Up to `limit` bytes from `offset`; called on the pool.
  std::function<Result<std::string>(std::uint64_t offset, std::size_t limit)> read;
};

/// 200, 206, 304 or 416, as the request's Range, If-Range and If-None-Match want it.
Reply content_reply(const Call& call, Content content);
std::string_view content_type_of(std::string_view path);

}  // namespace stoker::api
