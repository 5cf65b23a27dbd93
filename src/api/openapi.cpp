#include <fmt/format.h>

#include "api/http/http_server.hpp"
#include "api/router.hpp"
#include "api/schemas.hpp"

namespace stoker::api {
namespace {

/// Two spaces a level, one member a line, so that a change reads as such in review.
void write_pretty(std::string& out, const json::value& value, std::size_t depth) {
  const std::string indent(2 * depth + 2, ' '), outdent(2 * depth, ' ');
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    std::string_view separator = "{\n";
    for (const auto& [name, member] : *object) {
      out += fmt::format("{}{}{}: ", separator, indent, json::serialize(json::value(name)));
      write_pretty(out, member, depth + 1);
      separator = ",\n";
    }
    out += "\n" + outdent + "}";
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty() && (*array)[0].is_object()) {
    std::string_view separator = "[\n";
    for (const auto& item : *array) {
      out += std::string(separator) + indent;
      write_pretty(out, item, depth + 1);
      separator = ",\n";
    }
    out += "\n" + outdent + "]";
  } else {
    out += json::serialize(value);
  }
}

json::object reference(std::string_view schema) { return {{"$ref", fmt::format("#/components/schemas/{}", schema)}}; }

bool is_content_type(std::string_view answer) { return answer.find('/') != std::string_view::npos; }

json::object content_of(std::string_view answer) {
  if (!is_content_type(answer)) return {{"application/json", {{"schema", reference(answer)}}}};
  if (answer == "application/json") return {{answer, {{"schema", {{"type", "object"}}}}}};
  return {{answer, {{"schema", {{"type", "string"}, {"format", "binary"}}}}}};
}

json::array parameters_of(const SpecInfo& spec) {
  json::array list;
  for (const auto& field : spec.fields) {
    if (field.in == In::kBody) continue;
    const std::string_view place = field.in == In::kPath ? "path" : field.in == In::kQuery ? "query" : "header";
    list.push_back({{"name", field.name}, {"in", place}, {"required", field.required}, {"description", field.description}, {"schema", field.schema}});
  }
  return list;
}

json::object body_schema(const SpecInfo& spec) {
  if (!spec.body_schema.empty()) return reference(spec.body_schema);
  json::object properties;
  json::array required;
  for (const auto& field : spec.fields) {
    if (field.in != In::kBody) continue;
    auto schema = field.schema;
    schema["description"] = field.description;
    properties[field.name] = std::move(schema);
    if (field.required) required.emplace_back(field.name);
  }
  json::object schema{{"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

json::object request_body(const SpecInfo& spec) {
  json::object content;
  const bool is_binary = spec.body == BodyKind::kStream && spec.body_schema.empty();
  if (is_binary) content[spec.body_type] = {{"schema", {{"type", "string"}, {"format", "binary"}}}};
  else content["application/json"] = {{"schema", body_schema(spec)}};
  return {{"required", spec.body_required}, {"content", std::move(content)}};
}

json::object responses_of(const SpecInfo& spec) {
  json::object done;
  done["description"] = spec.answer_description.empty() ? json::value(reason_phrase(spec.status)) : json::value(spec.answer_description);
  if (spec.status != 101 && spec.status != 204) done["content"] = content_of(spec.answer);
  json::object responses;
  responses[std::to_string(spec.status)] = std::move(done);
  responses["default"] = {{"description", "what went wrong"}, {"content", content_of("Error")}};
  return responses;
}

json::array who(Access access) {
  constexpr std::pair<Access, std::string_view> kNames[] = {{Access::kPublic, "public"},
                                                            {Access::kReader, "reader"},
                                                            {Access::kRun, "run"},
                                                            {Access::kSupervisor, "supervisor"},
                                                            {Access::kOwner, "owner"}};
  json::array list;
  for (const auto& [one, name] : kNames)
    if (has(access, one)) list.emplace_back(name);
  return list;
}

json::object operation_of(const Route& route) {
  const auto& spec = *route.spec;
  json::object operation;
  operation["operationId"] = route.name;
  operation["summary"] = spec.summary;
  operation["x-access"] = who(route.access);
  if (has(route.access, Access::kPublic)) operation["security"] = json::array();
  operation["parameters"] = parameters_of(spec);
  if (spec.body != BodyKind::kNone) operation["requestBody"] = request_body(spec);
  operation["responses"] = responses_of(spec);
  return operation;
}

std::string path_of(const Route& route) {
  std::string path(route.pattern);
  if (const auto dots = path.find("...}"); dots != std::string::npos) path.erase(dots, 3);
  return path;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

json::object schema_record(const NamedSchema& schema) {
  json::object properties;
  json::array required;
  for (const auto& field : schema.fields) {
    auto type = schema_of_type(field.type);
    if (!field.description.empty() && !type.contains("$ref")) type["description"] = field.description;
    properties[field.name] = std::move(type);
    required.emplace_back(field.name);
  }
  json::object record{{"type", "object"}, {"properties", std::move(properties)}};
  if (!schema.is_input) record["required"] = std::move(required);
  return record;
}

}  // namespace

std::string render_openapi() {
  json::object paths;
  for (const auto& route : routes()) {
    auto& entry = paths[path_of(route)];
    if (!entry.is_object()) entry = json::object();
    entry.get_object()[lower(to_text(route.method))] = operation_of(route);
  }
  json::object shapes;
  for (const auto& schema : schemas()) shapes[schema.name] = schema_record(schema);
  json::object document;
  document["openapi"] = "3.0.3";
  document["info"] = {{"title", "stoker"},
                      {"version", "1"},
                      {"description", "Made from the routes of src/api; do not edit. Every error is an Error with the status of its code."}};
  document["security"] = json::array{json::object{{"token", json::array()}}};
  document["paths"] = std::move(paths);
  document["components"] = {{"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}}}, {"schemas", std::move(shapes)}};
  std::string text;
  write_pretty(text, document, 0);
  return text + "\n";
}

}  // namespace stoker::api
