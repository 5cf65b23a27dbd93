#include "mlflow/fields.hpp"

#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace stoker::mlflow {
namespace {

constexpr std::string_view kSeeDocs = "See the API docs for more information about request parameters.";
constexpr double kInt64End = 9223372036854775808.0;  // 2^63

std::string_view python_type(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: return "NoneType";
    case json::kind::bool_: return "bool";
    case json::kind::int64:
    case json::kind::uint64: return "int";
    case json::kind::double_: return "float";
    case json::kind::string: return "str";
    case json::kind::array: return "list";
    case json::kind::object: return "dict";
  }
  return "object";
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\f\v";
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

std::optional<double> special(std::string_view text) {
  constexpr auto kInfinity = std::numeric_limits<double>::infinity();
  if (text == "NaN" || text == "nan" || text == "NAN") return std::numeric_limits<double>::quiet_NaN();
  if (text == "Infinity" || text == "inf" || text == "Inf" || text == "INF") return kInfinity;
  if (text == "-Infinity" || text == "-inf" || text == "-Inf" || text == "-INF") return -kInfinity;
  return std::nullopt;
}

std::optional<double> number_from(std::string_view text) {
  text = trimmed(text);
  if (const auto value = special(text)) return value;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  const bool is_number = parsed.ptr == end && (parsed.ec == std::errc() || parsed.ec == std::errc::result_out_of_range);
  if (!is_number || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<std::int64_t> whole(double value) {
  if (!std::isfinite(value) || value != std::floor(value) || value < -kInt64End || value >= kInt64End) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

/// R writes large whole numbers as "1e+05".
std::optional<std::int64_t> integer_from(std::string_view text) {
  std::int64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec == std::errc() && parsed.ptr == end) return value;
  if (text.find_first_of("eE") == std::string_view::npos) return std::nullopt;
  const auto number = number_from(text);
  return number ? whole(*number) : std::nullopt;
}

std::string camel_case(std::string_view name) {
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '_' && i + 1 < name.size()) {
      ++i;
      text += name[i] >= 'a' && name[i] <= 'z' ? static_cast<char>(name[i] - 'a' + 'A') : name[i];
    } else {
      text += name[i];
    }
  }
  return text;
}

/// NaN, Infinity and -Infinity outside of texts become texts.
std::string quote_specials(std::string_view text) {
  std::string out;
  bool in_text = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text && c == '\\' && i + 1 < text.size()) {
      out += c;
      out += text[++i];
      continue;
    }
    if (c == '"') in_text = !in_text;
    if (!in_text) {
      bool found = false;
      for (const std::string_view token : {"NaN", "-Infinity", "Infinity"}) {
        if (text.substr(i).starts_with(token)) {
          out += fmt::format("\"{}\"", token);
          i += token.size() - 1;
          found = true;
          break;
        }
      }
      if (found) continue;
    }
    out += c;
  }
  return out;
}

}  // namespace

Error missing(std::string_view parameter) {
  return Error(ErrorCode::kInvalidInput, fmt::format("Missing value for required parameter '{}'. {}", parameter, kSeeDocs));
}

Error invalid(std::string_view parameter, const json::value& value, std::string_view reason) {
  const auto shown = value.is_double() ? fmt::format("{}", value.get_double()) : json::serialize(value);
  return Error(ErrorCode::kInvalidInput, fmt::format("Invalid value {} for parameter '{}' supplied: {}", shown, parameter, reason));
}

Result<json::object> parse_body(std::string_view text) {
  const auto content = trimmed(text);
  if (content.empty()) return json::object();
  auto parsed = parse_json(content);
  if (!parsed) parsed = parse_json(quote_specials(content));
  if (!parsed) return json::object();
  if (auto* inner = parsed->if_string()) {
    auto again = parse_json(*inner);
    if (again && again->is_object()) return std::move(again->get_object());
  }
  if (!parsed->is_object()) return Error(ErrorCode::kInvalidInput, "The body of the request must be a JSON object.");
  return std::move(parsed->get_object());
}

json::object body_of(const api::Query& query) {
  json::object body;
  for (const auto& [name, value] : query) {
    auto* present = body.if_contains(name);
    if (present == nullptr) {
      body[name] = value;
    } else if (present->is_array()) {
      present->get_array().emplace_back(value);
    } else {
      *present = json::array{*present, value};
    }
  }
  return body;
}

const json::value* Fields::find(std::string_view name) const {
  const auto* value = object_->if_contains(name);
  if (value == nullptr && name.find('_') != std::string_view::npos) value = object_->if_contains(camel_case(name));
  return value != nullptr && !value->is_null() ? value : nullptr;
}

Error Fields::wrong_type(std::string_view name, const json::value& value) const {
  return invalid(path_of(name), value, fmt::format(" Hint: Value was of type '{}'. {}", python_type(value), kSeeDocs));
}

Result<std::optional<std::string>> Fields::text(std::string_view name) const {
  const auto* value = find(name);
  if (value == nullptr) return std::optional<std::string>();
  if (!value->is_string()) return wrong_type(name, *value);
  return std::optional(std::string(value->get_string()));
}

Result<std::string> Fields::text_or(std::string_view name, std::string fallback) const {
  TRY(auto value, text(name));
  return value ? std::move(*value) : std::move(fallback);
}

Result<std::string> Fields::required_text(std::string_view name) const {
  TRY(auto value, text(name));
  if (!value || value->empty()) return missing(path_of(name));
  return std::move(*value);
}

Result<std::string> Fields::run_id() const {
  TRY(auto value, text("run_id"));
  if (value && !value->empty()) return std::move(*value);
  TRY(value, text("run_uuid"));
  if (value && !value->empty()) return std::move(*value);
  return missing(path_of("run_id"));
}

Result<std::optional<std::int64_t>> Fields::integer(std::string_view name) const {
  const auto* value = find(name);
  if (value == nullptr) return std::optional<std::int64_t>();
  std::optional<std::int64_t> found;
  if (value->is_int64()) found = value->get_int64();
  else if (value->is_double()) found = whole(value->get_double());
  else if (value->is_string()) found = integer_from(value->get_string());
  if (!found) return wrong_type(name, *value);
  return found;
}

Result<std::int64_t> Fields::required_integer(std::string_view name) const {
  TRY(const auto value, integer(name));
  if (!value) return missing(path_of(name));
  return *value;
}

Result<std::optional<double>> Fields::number(std::string_view name) const {
  const auto* value = find(name);
  if (value == nullptr) return std::optional<double>();
  std::optional<double> found;
  if (value->is_double()) found = value->get_double();
  else if (value->is_int64()) found = static_cast<double>(value->get_int64());
  else if (value->is_uint64()) found = static_cast<double>(value->get_uint64());
  else if (value->is_bool()) found = value->get_bool() ? 1.0 : 0.0;
  else if (value->is_string()) found = number_from(value->get_string());
  if (!found) return wrong_type(name, *value);
  return found;
}

Result<double> Fields::required_number(std::string_view name) const {
  TRY(const auto value, number(name));
  if (!value) return missing(path_of(name));
  return *value;
}

Result<std::optional<bool>> Fields::boolean(std::string_view name) const {
  const auto* value = find(name);
  if (value == nullptr) return std::optional<bool>();
  if (value->is_bool()) return std::optional(value->get_bool());
  if (const auto* text = value->if_string()) {
    std::string lower;
    for (const char c : *text) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    if (lower == "true") return std::optional(true);
    if (lower == "false") return std::optional(false);
    return Error(ErrorCode::kInvalidInput, fmt::format("Invalid boolean value: {}, must be 'true' or 'false'.", std::string_view(*text)));
  }
  return wrong_type(name, *value);
}

Result<std::optional<std::size_t>> Fields::choice(std::string_view name, std::span<const std::string_view> names) const {
  const auto* value = find(name);
  if (value == nullptr) return std::optional<std::size_t>();
  if (const auto* text = value->if_string()) {
    for (std::size_t i = 0; i < names.size(); ++i)
      if (std::string_view(*text) == names[i]) return std::optional(i);
  }
  TRY(const auto place, [&]() -> Result<std::optional<std::int64_t>> {
    if (value->is_string() && !integer_from(value->get_string())) return std::optional<std::int64_t>();
    return integer(name);
  }());
  if (place && *place >= 1 && *place <= std::ssize(names)) return std::optional(static_cast<std::size_t>(*place - 1));
  return invalid(path_of(name), *value, fmt::format("Valid values are {}", fmt::join(names, ", ")));
}

Result<std::vector<std::string>> Fields::texts(std::string_view name, bool or_integers) const {
  std::vector<std::string> found;
  const auto* value = find(name);
  if (value == nullptr) return found;
  const auto* array = value->if_array();
  if (array == nullptr && from_ == From::kQuery && value->is_string()) return std::vector<std::string>{std::string(value->get_string())};
  if (array == nullptr) return wrong_type(name, *value);
  for (const auto& item : *array) {
    if (item.is_string()) found.emplace_back(item.get_string());
    else if (or_integers && item.is_int64()) found.push_back(std::to_string(item.get_int64()));
    else return wrong_type(fmt::format("{}[{}]", name, found.size()), item);
  }
  return found;
}

Result<std::vector<Fields>> Fields::list(std::string_view name) const {
  std::vector<Fields> found;
  const auto* value = find(name);
  if (value == nullptr) return found;
  const auto* array = value->if_array();
  if (array == nullptr) return wrong_type(name, *value);
  for (const auto& item : *array) {
    const auto place = fmt::format("{}[{}]", name, found.size());
    if (!item.is_object()) return wrong_type(place, item);
    found.emplace_back(item.get_object(), path_of(place) + ".");
  }
  return found;
}

Result<std::optional<Fields>> Fields::child(std::string_view name) const {
  const auto* value = find(name);
  if (value == nullptr) return std::optional<Fields>();
  if (!value->is_object()) return wrong_type(name, *value);
  return std::optional(Fields(value->get_object(), path_of(name) + "."));
}

Result<std::vector<std::pair<std::string, std::string>>> Fields::pairs(std::string_view name) const {
  std::vector<std::pair<std::string, std::string>> found;
  TRY(const auto items, list(name));
  for (const auto& item : items) {
    TRY(auto key, item.required_text("key"));
    TRY(auto value, item.text_or("value", ""));
    found.emplace_back(std::move(key), std::move(value));
  }
  return found;
}

}  // namespace stoker::mlflow
