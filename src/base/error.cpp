#include "base/error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace stoker {
namespace {

// Exit codes: 1 the run failed, 2 wrong input, 3 not found, 4 not allowed, 5 the server, 6 the machine (disk, files),
// 7 conflict or wrong state, 8 timeout or overload, 70 a bug, 130 canceled. docs/reference/errors.md comes from here.
constexpr std::array kTable = {
    ErrorCodeInfo{ErrorCode::kInvalidInput, "input.invalid", 400, 2, "A field, an argument or a body is wrong; every mistake is listed."},
    ErrorCodeInfo{ErrorCode::kInputTooLarge, "input.too_large", 413, 2, "The input is larger than the setting allows."},
    ErrorCodeInfo{ErrorCode::kUnauthenticated, "auth.missing", 401, 4, "No token was given, or the server does not know it."},
    ErrorCodeInfo{ErrorCode::kForbidden, "auth.forbidden", 403, 4, "The token is valid but does not reach this."},
    ErrorCodeInfo{ErrorCode::kNotFound, "not_found", 404, 3, "There is no such thing; a near name is suggested where there is one."},
    ErrorCodeInfo{ErrorCode::kConflict, "conflict", 409, 7, "It exists already, or it was changed meanwhile."},
    ErrorCodeInfo{ErrorCode::kWrongState, "state.wrong", 409, 7, "The run is not in a state that allows this."},
    ErrorCodeInfo{ErrorCode::kUnsupported, "unsupported", 501, 2, "Known, but this version does not offer it."},
    ErrorCodeInfo{ErrorCode::kScriptNotFound, "source.script_not_found", 400, 2, "The script is not in the source folder."},
    ErrorCodeInfo{ErrorCode::kSourceInvalid, "source.invalid", 400, 2, "The source folder cannot be snapshotted; every offending path is listed."},
    ErrorCodeInfo{ErrorCode::kEnvironmentInvalid, "environment.invalid", 400, 2,
                  "The environment cannot be used: its interpreter is missing or does not start."},
    ErrorCodeInfo{ErrorCode::kTargetRejected, "target.rejected", 422, 2, "The compute target refused the run."},
    ErrorCodeInfo{ErrorCode::kSnapshotCorrupt, "store.corrupt", 500, 6, "What was read from the store is not what was written."},
    ErrorCodeInfo{ErrorCode::kDataFormat, "data.format", 500, 6, "The data folder was written by a newer version, or is not one of stoker's."},
    ErrorCodeInfo{ErrorCode::kDataBusy, "data.busy", 503, 5, "Another server works on this data folder."},
    ErrorCodeInfo{ErrorCode::kDataLocation, "data.location", 500, 6,
                  "The data folder cannot be used: network file system, read-only, or not a folder."},
    ErrorCodeInfo{ErrorCode::kStorageFull, "storage.full", 507, 6, "The disk is full; reads go on, writes resume when there is space."},
    ErrorCodeInfo{ErrorCode::kIo, "io", 500, 6, "The operating system refused a file or network operation."},
    ErrorCodeInfo{ErrorCode::kAddressInUse, "server.address_in_use", 500, 5, "The address to listen on is taken."},
    ErrorCodeInfo{ErrorCode::kServerUnreachable, "server.unreachable", 503, 5, "No server answers at the address."},
    ErrorCodeInfo{ErrorCode::kServerStart, "server.start", 500, 5, "The server could not be started."},
    ErrorCodeInfo{ErrorCode::kProtocol, "protocol", 400, 5, "The other side does not speak stoker's protocol, or a version of it that is not known."},
    ErrorCodeInfo{ErrorCode::kTimeout, "timeout", 504, 8, "It did not happen within the time given."},
    ErrorCodeInfo{ErrorCode::kCanceled, "canceled", 409, 130, "The operation was canceled."},
    ErrorCodeInfo{ErrorCode::kRunFailed, "run.failed", 409, 1, "The run that was waited for failed."},
    ErrorCodeInfo{ErrorCode::kRunCanceled, "run.canceled", 409, 130, "The run that was waited for was canceled."},
    ErrorCodeInfo{ErrorCode::kRunLost, "run.lost", 409, 1, "The run's supervisor died, or its machine was restarted."},
    ErrorCodeInfo{ErrorCode::kOverloaded, "overloaded", 429, 8, "Too much at once; try again after the time given."},
    ErrorCodeInfo{ErrorCode::kInternal, "internal", 500, 70, "A bug in stoker; the incident's number finds it in the server's log."},
};

}  // namespace

std::span<const ErrorCodeInfo> error_code_table() { return kTable; }

const ErrorCodeInfo& info(ErrorCode code) {
  const auto row = std::ranges::find(kTable, code, &ErrorCodeInfo::code);
  return row == kTable.end() ? kTable.back() : *row;
}

ErrorCode error_code_from_slug(std::string_view slug) {
  const auto row = std::ranges::find(kTable, slug, &ErrorCodeInfo::slug);
  return row == kTable.end() ? ErrorCode::kInternal : row->code;
}

Error& Error::because(Error cause) & {
  std::string text = cause.message_;
  if (!cause.cause_.empty()) text += ": " + cause.cause_;
  if (hint_.empty()) hint_ = std::move(cause.hint_);
  if (mistakes_.empty()) mistakes_ = std::move(cause.mistakes_);
  return because(std::move(text));
}

Error& Error::because(std::string cause) & {
  cause_ = std::move(cause);
  return *this;
}

std::string Error::to_terminal() const {
  std::string text = fmt::format("error: {}  [{}]", message_, info(code_).slug);
  for (const auto& frame : where_) text += fmt::format("\n  {}", frame);
  if (!cause_.empty()) text += fmt::format("\n  because: {}", cause_);
  for (const auto& mistake : mistakes_) {
    text += mistake.path.empty() ? fmt::format("\n  - {}", mistake.message) : fmt::format("\n  - {}: {}", mistake.path, mistake.message);
  }
  if (!hint_.empty()) text += fmt::format("\n  try: {}", hint_);
  return text;
}

std::string Error::to_line() const {
  std::string text = message_;
  if (!cause_.empty()) text += ": " + cause_;
  for (const auto& mistake : mistakes_) text += fmt::format("; {}: {}", mistake.path, mistake.message);
  for (const auto& frame : where_) text += fmt::format(" ({})", frame);
  return text;
}

Error errno_error(std::string what, int error_number) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  Error error(full ? ErrorCode::kStorageFull : ErrorCode::kIo, std::move(what));
  error.because(std::string(std::strerror(error_number)));
  if (full) error.hint("free some space; nothing that was acknowledged is lost");
  return error;
}

}  // namespace stoker
