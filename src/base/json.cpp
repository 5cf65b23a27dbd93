#include "base/json.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/json_text.hpp"
#include "base/suggest.hpp"

namespace stoker {
namespace {

constexpr std::size_t kMaxDepth = 64;

std::string position(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, std::min(offset, text.size()));
  const auto line = std::ranges::count(before, '\n') + 1;
  const auto column = before.size() - (before.rfind('\n') + 1) + 1;
  return fmt::format("line {}, column {}", line, column);
}

// Length of the valid UTF-8 sequence at the front, 0 if there is none (RFC 3629: no overlong forms, no surrogates).
std::size_t sequence_length(std::string_view s) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const auto tail = [&](std::size_t i) { return i < s.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned char c = byte(0);
  if (c < 0x80) return 1;
  if (c >= 0xC2 && c <= 0xDF) return tail(1) ? 2 : 0;
  if ((c & 0xF0) == 0xE0) {
    if (!tail(1) || !tail(2) || (c == 0xE0 && byte(1) < 0xA0) || (c == 0xED && byte(1) > 0x9F)) return 0;
    return 3;
  }
  if (c >= 0xF0 && c <= 0xF4) {
    if (!tail(1) || !tail(2) || !tail(3) || (c == 0xF0 && byte(1) < 0x90) || (c == 0xF4 && byte(1) > 0x8F)) return 0;
    return 4;
  }
  return 0;
}

std::string_view kind_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::string: return "a string";
    case json::kind::object: return "an object";
    case json::kind::array: return "an array";
    case json::kind::bool_: return "a boolean";
    case json::kind::null: return "null";
    default: return "a number";
  }
}

}  // namespace

Result<json::value> parse_json(std::string_view text) {
  boost::system::error_code code;
  auto [value, used] = read_json(text, {}, code);
  const bool trailing = !code && text.find_first_not_of(" \t\r\n", used) != std::string_view::npos;
  if (code || trailing) {
    const auto cause = trailing                        ? std::string("there is more after the end of the value")
                       : code == json::error::too_deep ? fmt::format("nested deeper than {} levels", kMaxDepth)
                                                       : code.message();
    return Error(ErrorCode::kInvalidInput, "the JSON is broken at " + position(text, used)).because(cause);
  }
  return std::move(value);
}

FieldReader::FieldReader(const json::value& value, std::string path, std::vector<Mistake>& mistakes) : path_(std::move(path)), mistakes_(mistakes) {
  object_ = value.if_object();
  if (object_ == nullptr) mistakes_.push_back({path_, fmt::format("must be an object, not {}", kind_name(value))});
}

FieldReader::~FieldReader() {
  if (object_ == nullptr || !report_unknown_) return;
  for (const auto& [name, value] : *object_) {
    if (std::ranges::find(asked_, std::string_view(name)) != asked_.end()) continue;
    const auto hint = did_you_mean(name, asked_);
    mistakes_.push_back({path_of(name), "unknown field" + (hint.empty() ? "" : ", " + hint)});
  }
}

std::string FieldReader::path_of(std::string_view name) const { return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name); }

void FieldReader::mistake(std::string_view name, std::string message) { mistakes_.push_back({path_of(name), std::move(message)}); }

const json::value* FieldReader::take(std::string_view name) {
  asked_.emplace_back(name);
  if (object_ == nullptr) return nullptr;
  const auto* value = object_->if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

const json::value* FieldReader::child(std::string_view name) { return take(name); }

std::optional<std::string> FieldReader::optional_text(std::string_view name) {
  const auto* value = take(name);
  if (value == nullptr) return std::nullopt;
  if (const auto* text = value->if_string()) return std::string(*text);
  mistake(name, fmt::format("must be a string, not {}", kind_name(*value)));
  return std::nullopt;
}

std::string FieldReader::text(std::string_view name, std::optional<std::string> fallback) {
  const auto before = mistakes_.size();
  auto value = optional_text(name);
  if (value) return *value;
  if (fallback) return *fallback;
  if (object_ != nullptr && mistakes_.size() == before) mistake(name, "is missing");
  return {};
}

std::int64_t FieldReader::integer(std::string_view name, std::int64_t low, std::int64_t high, std::optional<std::int64_t> fallback) {
  const auto* value = take(name);
  if (value == nullptr) {
    if (!fallback && object_ != nullptr) mistake(name, "is missing");
    return fallback.value_or(low);
  }
  boost::system::error_code code;
  const auto number = value->to_number<std::int64_t>(code);
  if (code || number < low || number > high) {
    mistake(name, fmt::format("must be a whole number from {} to {}", low, high));
    return fallback.value_or(low);
  }
  return number;
}

std::optional<double> FieldReader::optional_number(std::string_view name) {
  const auto* value = take(name);
  if (value == nullptr) return std::nullopt;
  boost::system::error_code code;
  const auto number = value->to_number<double>(code);
  if (!code) return number;
  mistake(name, fmt::format("must be a number, not {}", kind_name(*value)));
  return std::nullopt;
}

bool FieldReader::boolean(std::string_view name, std::optional<bool> fallback) {
  const auto* value = take(name);
  if (value != nullptr && value->is_bool()) return value->get_bool();
  if (value != nullptr) mistake(name, fmt::format("must be true or false, not {}", kind_name(*value)));
  if (value == nullptr && !fallback && object_ != nullptr) mistake(name, "is missing");
  return fallback.value_or(false);
}

std::optional<Time> FieldReader::optional_time(std::string_view name) {
  const auto value = optional_text(name);
  if (!value) return std::nullopt;
  const auto time = parse_time(*value);
  if (time) return *time;
  mistake(name, time.error().message());
  return std::nullopt;
}

std::vector<std::string> FieldReader::texts(std::string_view name) {
  const auto* value = take(name);
  std::vector<std::string> list;
  if (value == nullptr) return list;
  const auto* array = value->if_array();
  if (array == nullptr) mistake(name, fmt::format("must be an array of strings, not {}", kind_name(*value)));
  for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
    if (const auto* text = (*array)[i].if_string()) list.emplace_back(*text);
    else mistake(fmt::format("{}[{}]", name, i), fmt::format("must be a string, not {}", kind_name((*array)[i])));
  }
  return list;
}

std::map<std::string, std::string> FieldReader::text_map(std::string_view name) {
  std::map<std::string, std::string> map;
  for (auto& [key, value] : optional_text_map(name)) {
    if (value) map.emplace(key, std::move(*value));
    else mistake(fmt::format("{}.{}", name, key), "must be a string, not null");
  }
  return map;
}

std::map<std::string, std::optional<std::string>> FieldReader::optional_text_map(std::string_view name) {
  const auto* value = take(name);
  std::map<std::string, std::optional<std::string>> map;
  if (value == nullptr) return map;
  const auto* object = value->if_object();
  if (object == nullptr) {
    mistake(name, fmt::format("must be an object of strings, not {}", kind_name(*value)));
    return map;
  }
  for (const auto& [key, item] : *object) {
    if (const auto* text = item.if_string()) map.emplace(key, std::string(*text));
    else if (item.is_null()) map.emplace(key, std::nullopt);
    else mistake(fmt::format("{}.{}", name, std::string_view(key)), fmt::format("must be a string, not {}", kind_name(item)));
  }
  return map;
}

Status mistakes_to_status(std::string message, std::vector<Mistake> mistakes) {
  if (mistakes.empty()) return ok();
  return Error(ErrorCode::kInvalidInput, std::move(message)).mistakes(std::move(mistakes));
}

json::value to_json(const Error& error) {
  json::array mistakes;
  for (const auto& mistake : error.mistake_list())
    mistakes.push_back({{"path", to_valid_utf8(mistake.path)}, {"message", to_valid_utf8(mistake.message)}});
  return {{"error",
           {{"code", info(error.code()).slug},
            {"message", to_valid_utf8(error.message())},
            {"cause", to_valid_utf8(error.cause())},
            {"hint", to_valid_utf8(error.hint_text())},
            {"mistakes", std::move(mistakes)},
            {"retryable", error.is_retryable()}}}};
}

Error error_from_json(const json::value& body, int http_status) {
  const auto* object = body.if_object();
  const auto* inner = object != nullptr && object->if_contains("error") != nullptr ? object->at("error").if_object() : nullptr;
  if (inner == nullptr) return Error(ErrorCode::kProtocol, fmt::format("the server answered with status {} and no error text", http_status));
  std::vector<Mistake> unused;
  FieldReader fields(object->at("error"), "error", unused);
  fields.ignore_unknown();
  Error error(error_code_from_slug(fields.text("code", "internal")), fields.text("message", ""));
  if (auto cause = fields.text("cause", ""); !cause.empty()) error.because(std::move(cause));
  error.hint(fields.text("hint", "")).retryable(fields.boolean("retryable", false));
  std::vector<Mistake> mistakes;
  if (const auto* list = fields.child("mistakes"); list != nullptr && list->is_array()) {
    for (const auto& item : list->get_array()) {
      FieldReader one(item, "", unused);
      one.ignore_unknown();
      mistakes.push_back({one.text("path", ""), one.text("message", "")});
    }
  }
  return error.mistakes(std::move(mistakes));
}

json::value json_or_null(const std::optional<std::string>& text) { return text ? json::value(*text) : json::value(nullptr); }
json::value json_or_null(const std::optional<Time>& time) { return time ? json::value(format_time(*time)) : json::value(nullptr); }
json::value json_or_null(const std::optional<double>& number) { return number ? json::value(*number) : json::value(nullptr); }
json::value json_or_null(const std::optional<std::int64_t>& number) { return number ? json::value(*number) : json::value(nullptr); }

json::object to_json(const std::map<std::string, std::string>& map) {
  json::object object;
  for (const auto& [key, value] : map) object[key] = value;
  return object;
}

std::string to_valid_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const auto length = sequence_length(bytes);
    if (length == 0) text += "\xEF\xBF\xBD";
    else text += bytes.substr(0, length);
    bytes.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return text;
}

bool is_valid_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto length = sequence_length(bytes);
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

}  // namespace stoker
