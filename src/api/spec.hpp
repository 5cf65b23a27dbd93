#pragma once
// What a handler takes and gives, as data: the fields of its Input with where each comes from, and the shape of its answer.
// From the same rows come the reading (all mistakes at once, each with its path) and openapi.json. A handler is
//   struct GetRun {
//     struct Input { RunId run; };
//     using Output = Run;                       // or json::object, or Reply
//     static const Spec<Input>& spec();         // static const auto spec = Spec<Input>("One run").path("run", &Input::run, "…").answers(200, "Run");
//     return spec; static io::Task<Result<Output>> process(Call& call, Input input);
//   };
// and a row in routes.cpp.

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/http.hpp"
#include "api/http/path.hpp"
#include "base/id.hpp"
#include "base/json.hpp"

namespace stoker::api {

enum class In : std::uint8_t { kPath, kQuery, kHeader, kBody };

/// What a value must keep to, besides its type.
struct Rule {
  std::int64_t low = 0;
  std::int64_t high = std::numeric_limits<std::int64_t>::max();
  std::size_t longest = 4096;
  std::vector<std::string> choices = {};
};

struct FieldInfo {
  std::string name;
  In in = In::kQuery;
  bool required = false;
  json::object schema;
  std::string description;
  Rule rule;
};

enum class BodyKind : std::uint8_t { kNone, kJson, kStream };

struct SpecInfo {
  std::string summary;
  std::vector<FieldInfo> fields;
  BodyKind body = BodyKind::kNone;
  bool body_required = false;
  std::string body_schema;     // name of a schema when the whole body is one value
  std::string body_type;       // kStream: its content type
  std::size_t body_limit = 0;  // kJson: 0 is the server's default
  int status = 200;
  std::string answer;  // name of a schema (schemas.cpp), or a content type
  std::string answer_description;
};

using Parameters = std::vector<std::pair<std::string_view, std::string>>;

/// Where the fields come from.
struct Sources {
  const Parameters& parameters;
  const Query& query;
  const Head& head;
  const json::value* body;  // nullptr: there was none
};

namespace field {

template <class T>
struct Unwrapped {
  using Type = T;
  static constexpr bool kOptional = false;
};
template <class T>
struct Unwrapped<std::optional<T>> {
  using Type = T;
  static constexpr bool kOptional = true;
};

// JSON Schema of a member's type.
json::object schema_of(const std::string*, const Rule& rule);
json::object schema_of(const std::int64_t*, const Rule& rule);
json::object schema_of(const std::uint64_t*, const Rule& rule);
json::object schema_of(const bool*, const Rule& rule);
json::object schema_of(const std::vector<std::string>*, const Rule& rule);
json::object schema_of(const std::map<std::string, std::string>*, const Rule& rule);
json::object schema_of(const std::map<std::string, std::optional<std::string>>*, const Rule& rule);
template <class Tag>
json::object schema_of(const Id<Tag>*, const Rule& rule) {
  return schema_of(static_cast<const std::string*>(nullptr), rule);
}

// From text (path, query, header): what is wrong, or empty.
std::string from_text(std::string_view text, const Rule& rule, std::string& out);
std::string from_text(std::string_view text, const Rule& rule, std::int64_t& out);
std::string from_text(std::string_view text, const Rule& rule, std::uint64_t& out);
std::string from_text(std::string_view text, const Rule& rule, bool& out);
template <class Tag>
std::string from_text(std::string_view text, const Rule& rule, Id<Tag>& out) {
  std::string value;
  auto wrong = from_text(text, rule, value);
  out = Id<Tag>(std::move(value));
  return wrong;
}
template <class T>
std::string from_text(std::string_view text, const Rule& rule, std::optional<T>& out) {
  return from_text(text, rule, out.emplace());
}

// From a field of a JSON object; what is wrong is noted in the reader.
void from_json(FieldReader& reader, const FieldInfo& info, std::string& out);
void from_json(FieldReader& reader, const FieldInfo& info, std::optional<std::string>& out);
void from_json(FieldReader& reader, const FieldInfo& info, std::int64_t& out);
void from_json(FieldReader& reader, const FieldInfo& info, bool& out);
void from_json(FieldReader& reader, const FieldInfo& info, std::optional<bool>& out);
void from_json(FieldReader& reader, const FieldInfo& info, std::vector<std::string>& out);
void from_json(FieldReader& reader, const FieldInfo& info, std::map<std::string, std::string>& out);
void from_json(FieldReader& reader, const FieldInfo& info, std::map<std::string, std::optional<std::string>>& out);

/// The value of a path, query or header field; nullopt when it is not there. A query field given twice is a mistake.
std::optional<std::string_view> find(const Sources& sources, const FieldInfo& info, std::vector<Mistake>& mistakes);
std::string path_of(const FieldInfo& info);

}  // namespace field

/// Query names that no field has.
void check_query(const SpecInfo& info, const Query& query, std::vector<Mistake>& mistakes);

template <class Input>
class Spec : public SpecInfo {
 public:
  explicit Spec(std::string what) { summary = std::move(what); }

  template <class T>
  Spec& path(std::string name, T Input::* member, std::string description, Rule rule = {}) {
    return text(In::kPath, std::move(name), member, std::move(description), std::move(rule), true);
  }
  template <class T>
  Spec& query(std::string name, T Input::* member, std::string description, Rule rule = {}) {
    return text(In::kQuery, std::move(name), member, std::move(description), std::move(rule), false);
  }
  /// A query field that may be given many times.
  Spec& query_list(std::string name, std::vector<std::string> Input::* member, std::string description) {
    add<std::vector<std::string>>(In::kQuery, std::move(name), std::move(description), {}, false);
    const auto row = fields.size() - 1;
    text_readers_.push_back([row, member](const SpecInfo& info, const Sources& sources, Input& input, std::vector<Mistake>&) {
      for (const auto& [key, value] : sources.query)
        if (key == info.fields[row].name) (input.*member).push_back(value);
    });
    return *this;
  }
  template <class T>
  Spec& header(std::string name, T Input::* member, std::string description, Rule rule = {}) {
    return text(In::kHeader, std::move(name), member, std::move(description), std::move(rule), false);
  }
  /// A field of the JSON body.
  template <class T>
  Spec& json_field(std::string name, T Input::* member, std::string description, Rule rule = {}) {
    add<T>(In::kBody, std::move(name), std::move(description), std::move(rule), false);
    body = BodyKind::kJson;
    const auto row = fields.size() - 1;
    body_readers_.push_back(
        [row, member](const SpecInfo& info, FieldReader& reader, Input& input) { field::from_json(reader, info.fields[row], input.*member); });
    return *this;
  }
  /// The last field must be there.
  Spec& required() {
    fields.back().required = true;
    if (fields.back().in == In::kBody) body_required = true;
    return *this;
  }
  /// The whole JSON body is one value of the named schema.
  template <class T>
  Spec& json_body(std::string schema_name, T Input::* member, T (*read)(const json::value&, std::vector<Mistake>&)) {
    body = BodyKind::kJson;
    body_required = true;
    body_schema = std::move(schema_name);
    whole_reader_ = [member, read](const json::value& value, Input& input, std::vector<Mistake>& mistakes) { input.*member = read(value, mistakes); };
    return *this;
  }
  Spec& at_most(std::size_t bytes) {
    body_limit = bytes;
    return *this;
  }
  /// The handler reads the body itself; `schema_name` says what it is, where it is JSON.
  Spec& stream(std::string content_type, std::string schema_name = "") {
    body = BodyKind::kStream;
    body_required = true;
    body_type = std::move(content_type);
    body_schema = std::move(schema_name);
    return *this;
  }
  Spec& answers(int code, std::string what, std::string description = "") {
    status = code;
    answer = std::move(what);
    answer_description = std::move(description);
    return *this;
  }

  Result<Input> read(const Sources& sources) const {
    Input input{};
    std::vector<Mistake> mistakes;
    check_query(*this, sources.query, mistakes);
    for (const auto& reader : text_readers_) reader(*this, sources, input, mistakes);
    read_body(sources.body, input, mistakes);
    CHECK_OK(mistakes_to_status("the request is wrong", std::move(mistakes)));
    return input;
  }

 private:
  template <class T>
  void add(In in, std::string name, std::string description, Rule rule, bool is_required) {
    using Type = typename field::Unwrapped<T>::Type;
    auto schema = field::schema_of(static_cast<const Type*>(nullptr), rule);
    fields.push_back({std::move(name), in, is_required, std::move(schema), std::move(description), std::move(rule)});
  }
  template <class T>
  Spec& text(In in, std::string name, T Input::* member, std::string description, Rule rule, bool is_required) {
    add<T>(in, std::move(name), std::move(description), std::move(rule), is_required);
    const auto row = fields.size() - 1;
    text_readers_.push_back([row, member](const SpecInfo& info, const Sources& sources, Input& input, std::vector<Mistake>& mistakes) {
      const auto& field = info.fields[row];
      const auto value = field::find(sources, field, mistakes);
      if (!value && field.required) mistakes.push_back({field::path_of(field), "is missing"});
      if (!value) return;
      auto wrong = field::from_text(*value, field.rule, input.*member);
      if (!wrong.empty()) mistakes.push_back({field::path_of(field), std::move(wrong)});
    });
    return *this;
  }
  void read_body(const json::value* value, Input& input, std::vector<Mistake>& mistakes) const {
    if (body != BodyKind::kJson) return;
    const json::value empty = json::object();
    if (value == nullptr && body_required) {
      mistakes.push_back({"", "a JSON body is needed"});
      return;
    }
    if (whole_reader_) return whole_reader_(*value, input, mistakes);
    FieldReader reader(value != nullptr ? *value : empty, "", mistakes);
    for (const auto& read : body_readers_) read(*this, reader, input);
  }

  std::vector<std::function<void(const SpecInfo&, const Sources&, Input&, std::vector<Mistake>&)>> text_readers_;
  std::vector<std::function<void(const SpecInfo&, FieldReader&, Input&)>> body_readers_;
  std::function<void(const json::value&, Input&, std::vector<Mistake>&)> whole_reader_;
};

}  // namespace stoker::api
