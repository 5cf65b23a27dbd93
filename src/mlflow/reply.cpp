#include "mlflow/reply.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/json.hpp"

namespace stoker::mlflow {
namespace {

struct Name {
  int status;
  std::string_view error_code;
};

/// A status in {408, 429, 500, 502, 503, 504} makes clients try again for minutes: only what may go away has one.
Name name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidInput:
    case ErrorCode::kInputTooLarge:
    case ErrorCode::kWrongState:
    case ErrorCode::kProtocol: return {400, "INVALID_PARAMETER_VALUE"};
    case ErrorCode::kConflict: return {400, "RESOURCE_ALREADY_EXISTS"};
    case ErrorCode::kNotFound: return {404, "RESOURCE_DOES_NOT_EXIST"};
    case ErrorCode::kUnauthenticated: return {401, "UNAUTHENTICATED"};
    case ErrorCode::kForbidden: return {403, "PERMISSION_DENIED"};
    case ErrorCode::kUnsupported: return {501, "NOT_IMPLEMENTED"};
    case ErrorCode::kOverloaded: return {429, "REQUEST_LIMIT_EXCEEDED"};
    case ErrorCode::kTimeout: return {503, "TEMPORARILY_UNAVAILABLE"};
    case ErrorCode::kStorageFull: return {507, "INTERNAL_ERROR"};
    default: return {500, "INTERNAL_ERROR"};
  }
}

}  // namespace

api::Reply error_reply(int status, std::string_view error_code, std::string_view message) {
  auto reply = api::json_reply(status, json::object{{"error_code", error_code}, {"message", message}});
  if (status == 429 || status == 503) reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

api::Reply error_reply(const Error& error) {
  const auto name = name_of(error.code());
  // Clients show these two as they are.
  if (name.status == 401) {
    auto reply = text_reply(401, "You are not authenticated. " + error.message() +
                                     ". Set MLFLOW_TRACKING_TOKEN, or the password of "
                                     "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, to the server's token; `stoker mlflow env` prints it.");
    reply.headers.emplace_back("WWW-Authenticate", "Basic realm=\"mlflow\"");
    return reply;
  }
  if (name.status == 403) return text_reply(403, "Permission denied: " + error.message());
  auto message = error.message();
  if (!error.cause().empty()) message += ": " + error.cause();
  for (const auto& mistake : error.mistake_list()) message += fmt::format("; {}: {}", mistake.path, mistake.message);
  return error_reply(name.status, name.error_code, message);
}

api::Reply text_reply(int status, std::string text, std::string_view content_type) {
  api::Reply reply;
  reply.status = status;
  reply.content_type = content_type;
  reply.body = std::move(text);
  return reply;
}

api::Reply no_such_path() {
  return text_reply(404,
                    "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n"
                    "<p>There is nothing at this address.</p>\n");
}

api::Reply no_such_method(std::string allowed) {
  auto reply = text_reply(405,
                          "<!doctype html>\n<html lang=en>\n<title>405 Method Not Allowed</title>\n<h1>Method Not Allowed</h1>\n"
                          "<p>The method is not allowed for the requested URL.</p>\n");
  reply.headers.emplace_back("Allow", std::move(allowed));
  return reply;
}

}  // namespace stoker::mlflow
