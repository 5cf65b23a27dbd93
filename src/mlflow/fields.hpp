#pragma once
// The fields of a request as MLflow's clients send them: JSON that protobuf would read (numbers as texts, camelCase, null for absent), or a
// query. Mistakes are told one at a time, in MLflow's words, because clients and their tests compare them.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/http/path.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace stoker::mlflow {

/// "Missing value for required parameter '…' …"
Error missing(std::string_view parameter);
/// "Invalid value … for parameter '…' supplied: <reason>"
Error invalid(std::string_view parameter, const json::value& value, std::string_view reason);

/// JSON text as these clients write it: the bare tokens NaN, Infinity and -Infinity become texts; what is no JSON, or empty, is {}; a text
/// that holds an object is that object. kInvalidInput for an array or another scalar.
Result<json::object> parse_body(std::string_view text);
/// The query as a body: names that come more than once are lists.
json::object body_of(const api::Query& query);

/// One object. It must outlive this.
class Fields {
 public:
  enum class From : std::uint8_t { kJson, kQuery };  // in a query a list of one is a text
  /// `path`: "" at the top, "metrics[0]." within a list.
  explicit Fields(const json::object& object, std::string path = "", From from = From::kJson)
      : object_(&object), path_(std::move(path)), from_(from) {}

  /// nullptr when absent or null. Also found as camelCase.
  const json::value* find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }

  Result<std::optional<std::string>> text(std::string_view name) const;
  Result<std::string> text_or(std::string_view name, std::string fallback) const;
  /// Missing where it is absent, null or "".
  Result<std::string> required_text(std::string_view name) const;
  /// `run_id`, or `run_uuid` as older clients say.
  Result<std::string> run_id() const;
  Result<std::optional<std::int64_t>> integer(std::string_view name) const;
  Result<std::int64_t> required_integer(std::string_view name) const;
  Result<std::optional<double>> number(std::string_view name) const;
  Result<double> required_number(std::string_view name) const;
  Result<std::optional<bool>> boolean(std::string_view name) const;
  /// A name of `names` (upper case) or its place in it plus one; nullopt when absent. The index is given back.
  Result<std::optional<std::size_t>> choice(std::string_view name, std::span<const std::string_view> names) const;
  /// Empty when absent. With `or_integers` numbers are taken as their texts.
  Result<std::vector<std::string>> texts(std::string_view name, bool or_integers = false) const;
  /// The objects of a list; empty when absent.
  Result<std::vector<Fields>> list(std::string_view name) const;
  Result<std::optional<Fields>> child(std::string_view name) const;
  /// [{key, value}]; a value that is absent is "".
  Result<std::vector<std::pair<std::string, std::string>>> pairs(std::string_view name) const;

  std::string path_of(std::string_view name) const { return path_ + std::string(name); }

 private:
  Error wrong_type(std::string_view name, const json::value& value) const;
  const json::object* object_;
  std::string path_;
  From from_;
};

}  // namespace stoker::mlflow
