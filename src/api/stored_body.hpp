#pragma once
// Content of files between a connection and the object store: bodies that are kept, and answers from what is kept.

#include <limits>

#include "api/call.hpp"
#include "api/http/content.hpp"
#include "snapshots/object.hpp"

namespace stoker::api {

/// The body into the store, one piece at a time: the client waits while a piece is written. On disk when it returns.
/// kInputTooLarge above `limit` bytes.
io::Task<Result<snapshots::StoredFile>> store_body(Call& call, std::uint64_t limit = std::numeric_limits<std::uint64_t>::max());
/// What `content_reply` sends of a file of the store; `path` says its type.
Content stored_content(const Call& call, const snapshots::FileRef& file, const Digest& sha256, std::string path);

/// The output of a run under the name that Azure ML gives it (spec 3): it is listed and read as one of its files.
inline constexpr std::string_view kLogPath = "azureml-logs/70_driver_log.txt";
io::Task<Result<Content>> log_content(Call& call, RunId run);

}  // namespace stoker::api
