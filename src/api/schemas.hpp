#pragma once
// The shapes of records, by name, for openapi.json. Tests hold every answer of a real server against them.

#include <span>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace stoker::api {

/// `type`: text, integer, number, boolean, time, any, text_map, tag_map, or the name of a schema; `[x]` a list of them, `x?` may be null.
struct SchemaField {
  std::string_view name;
  std::string_view type;
  std::string_view description = "";
};
struct NamedSchema {
  std::string_view name;
  std::vector<SchemaField> fields;
  bool is_input = false;  // fields may be left out
};
std::span<const NamedSchema> schemas();
json::object schema_of_type(std::string_view type);

}  // namespace stoker::api
