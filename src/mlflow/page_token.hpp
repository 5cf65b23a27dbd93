#pragma once
// Page tokens as MLflow's clients get them: base64 of something of ours. What is no base64 is refused in MLflow's words.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace stoker::mlflow {

std::string to_base64(std::string_view bytes);

std::string page_token(std::string_view inner);
/// kInvalidInput. An empty token is an empty text: the first page.
Result<std::string> read_page_token(std::string_view token);

/// For lists that are short, or that only grow at their end: {"offset": n}.
std::string offset_token(std::size_t offset);
Result<std::size_t> read_offset_token(std::string_view token);

}  // namespace stoker::mlflow
