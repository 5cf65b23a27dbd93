#include "mlflow/page_token.hpp"

#include <algorithm>

#include "api/auth.hpp"
#include "base/json.hpp"
#include "mlflow/origin.hpp"

namespace stoker::mlflow {
namespace {

Error no_token() { return {ErrorCode::kInvalidInput, "Invalid page token, could not base64-decode"}; }

}  // namespace

std::string to_base64(std::string_view bytes) {
  auto text = api::base64url(bytes);
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  while (text.size() % 4 != 0) text += '=';
  return text;
}

std::string page_token(std::string_view inner) { return to_base64(inner); }

Result<std::string> read_page_token(std::string_view token) {
  auto inner = from_base64(token);
  if (!inner || !is_valid_utf8(*inner)) return no_token();
  return std::move(*inner);
}

std::string offset_token(std::size_t offset) { return to_base64("{\"offset\": " + std::to_string(offset) + "}"); }

Result<std::size_t> read_offset_token(std::string_view token) {
  if (token.empty()) return std::size_t{0};
  TRY(const auto inner, read_page_token(token));
  const auto value = parse_json(inner);
  const auto* offset = value && value->is_object() ? value->get_object().if_contains("offset") : nullptr;
  if (offset == nullptr || !offset->is_int64() || offset->get_int64() < 0) return no_token();
  return static_cast<std::size_t>(offset->get_int64());
}

}  // namespace stoker::mlflow
