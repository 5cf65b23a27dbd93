#include "api/spec.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/suggest.hpp"

namespace stoker::api {
namespace field {
namespace {

template <class Number>
std::string number_from_text(std::string_view text, const Rule& rule, Number& out) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool whole = code == std::errc() && end == text.data() + text.size();
  const bool inside = whole && std::cmp_greater_equal(out, rule.low) && std::cmp_less_equal(out, rule.high);
  if (inside) return {};
  if (rule.high == std::numeric_limits<std::int64_t>::max()) return fmt::format("must be a whole number, at least {}", rule.low);
  return fmt::format("must be a whole number from {} to {}", rule.low, rule.high);
}

json::object number_schema(const Rule& rule) {
  json::object schema{{"type", "integer"}, {"minimum", rule.low}};
  if (rule.high != std::numeric_limits<std::int64_t>::max()) schema["maximum"] = rule.high;
  return schema;
}

std::string check_text(std::string_view text, const Rule& rule) {
  if (text.size() > rule.longest) return fmt::format("is longer than {} characters", rule.longest);
  if (rule.choices.empty() || std::ranges::find(rule.choices, text) != rule.choices.end()) return {};
  const auto hint = did_you_mean(text, rule.choices);
  return fmt::format("must be one of {}{}", fmt::join(rule.choices, ", "), hint.empty() ? "" : "; " + hint);
}

}  // namespace

json::object schema_of(const std::string*, const Rule& rule) {
  json::object schema{{"type", "string"}};
  if (!rule.choices.empty()) schema["enum"] = json::value_from(rule.choices);
  else schema["maxLength"] = rule.longest;
  return schema;
}
json::object schema_of(const std::int64_t*, const Rule& rule) { return number_schema(rule); }
json::object schema_of(const std::uint64_t*, const Rule& rule) { return number_schema(rule); }
json::object schema_of(const bool*, const Rule&) { return {{"type", "boolean"}}; }
json::object schema_of(const std::vector<std::string>*, const Rule&) { return {{"type", "array"}, {"items", {{"type", "string"}}}}; }
json::object schema_of(const std::map<std::string, std::string>*, const Rule&) {
  return {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}};
}
json::object schema_of(const std::map<std::string, std::optional<std::string>>*, const Rule&) {
  return {{"type", "object"}, {"additionalProperties", {{"type", "string"}, {"nullable", true}}}};
}

std::string from_text(std::string_view text, const Rule& rule, std::string& out) {
  out = text;
  return check_text(text, rule);
}
std::string from_text(std::string_view text, const Rule& rule, std::int64_t& out) { return number_from_text(text, rule, out); }
std::string from_text(std::string_view text, const Rule& rule, std::uint64_t& out) { return number_from_text(text, rule, out); }
std::string from_text(std::string_view text, const Rule&, bool& out) {
  out = text == "true" || text == "1";
  return out || text == "false" || text == "0" ? "" : "must be true or false";
}

void from_json(FieldReader& reader, const FieldInfo& info, std::string& out) {
  out = reader.text(info.name, info.required ? std::nullopt : std::optional(out));
  if (auto wrong = check_text(out, info.rule); !wrong.empty() && (info.required || !out.empty())) reader.mistake(info.name, std::move(wrong));
}
void from_json(FieldReader& reader, const FieldInfo& info, std::optional<std::string>& out) {
  out = reader.optional_text(info.name);
  if (!out) return;
  if (auto wrong = check_text(*out, info.rule); !wrong.empty()) reader.mistake(info.name, std::move(wrong));
}
void from_json(FieldReader& reader, const FieldInfo& info, std::int64_t& out) {
  out = reader.integer(info.name, info.rule.low, info.rule.high, info.required ? std::nullopt : std::optional(out));
}
void from_json(FieldReader& reader, const FieldInfo& info, bool& out) {
  out = reader.boolean(info.name, info.required ? std::nullopt : std::optional(out));
}
void from_json(FieldReader& reader, const FieldInfo& info, std::optional<bool>& out) {
  const auto* value = reader.child(info.name);
  if (value == nullptr || value->is_null()) return;
  if (value->is_bool()) out = value->get_bool();
  else reader.mistake(info.name, "must be true or false");
}
void from_json(FieldReader& reader, const FieldInfo& info, std::vector<std::string>& out) { out = reader.texts(info.name); }
void from_json(FieldReader& reader, const FieldInfo& info, std::map<std::string, std::string>& out) { out = reader.text_map(info.name); }
void from_json(FieldReader& reader, const FieldInfo& info, std::map<std::string, std::optional<std::string>>& out) {
  out = reader.optional_text_map(info.name);
}

std::optional<std::string_view> find(const Sources& sources, const FieldInfo& info, std::vector<Mistake>& mistakes) {
  if (info.in == In::kHeader) return sources.head.find(info.name);
  if (info.in == In::kPath) {
    for (const auto& [name, value] : sources.parameters)
      if (name == info.name) return value;
    return std::nullopt;
  }
  std::optional<std::string_view> found;
  for (const auto& [name, value] : sources.query) {
    if (name != info.name) continue;
    if (found) mistakes.push_back({path_of(info), "is given more than once"});
    found = value;
  }
  return found;
}

std::string path_of(const FieldInfo& info) { return info.in == In::kQuery ? "?" + info.name : info.name; }

}  // namespace field

void check_query(const SpecInfo& info, const Query& query, std::vector<Mistake>& mistakes) {
  if (query.empty()) return;
  std::vector<std::string> known;
  for (const auto& field : info.fields)
    if (field.in == In::kQuery) known.push_back(field.name);
  for (const auto& [name, value] : query) {
    if (std::ranges::find(known, name) != known.end()) continue;
    const auto hint = did_you_mean(name, known);
    mistakes.push_back({"?" + name.substr(0, 100), "is not known here" + (hint.empty() ? "" : ", " + hint)});
  }
}

}  // namespace stoker::api
