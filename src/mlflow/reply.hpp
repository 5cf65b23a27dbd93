#pragma once
// Answers in the shapes that MLflow's clients read: {"error_code", "message"} for what went wrong, plain HTML where nothing is, so that a
// client takes an unknown path for an unknown path.

#include <string>
#include <string_view>

#include "api/http/http.hpp"
#include "base/result.hpp"

namespace stoker::mlflow {

/// Our code as MLflow's name and status; Error's message is what the client shows.
api::Reply error_reply(const Error& error);
/// For names that have no code of ours, as INVALID_STATE.
api::Reply error_reply(int status, std::string_view error_code, std::string_view message);
api::Reply text_reply(int status, std::string text, std::string_view content_type = "text/html; charset=utf-8");
api::Reply no_such_path();
api::Reply no_such_method(std::string allowed);

}  // namespace stoker::mlflow
