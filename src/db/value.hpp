#pragma once
// What is bound to $1, $2 … of a statement: null, a 64-bit integer, a double or text. A Value borrows its text, so it lives no longer
// than the expression that makes it: connection.execute("add_tag", {run.text(), key, value}).

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/id.hpp"

namespace stoker::db {

class Value {
 public:
  enum class Kind : std::uint8_t { kNull, kInteger, kReal, kText };

  Value(std::nullptr_t) {}
  template <std::integral Number>
  Value(Number number) : kind_(Kind::kInteger), integer_(static_cast<std::int64_t>(number)) {}
  Value(double number) : kind_(Kind::kReal), real_(number) {}
  Value(std::string_view text) : kind_(Kind::kText), text_(text) {}
  Value(const std::string& text) : Value(std::string_view(text)) {}
  Value(const char* text) : Value(std::string_view(text)) {}
  /// Microseconds since 1970, UTC.
  Value(Time time) : Value(to_micros(time)) {}
  template <class Tag>
  Value(const Id<Tag>& id) : Value(std::string_view(id.text())) {}
  template <class T>
  Value(const std::optional<T>& value) : Value(value ? Value(*value) : Value(nullptr)) {}

  Kind kind() const { return kind_; }
  std::int64_t integer() const { return integer_; }
  double real() const { return real_; }
  std::string_view text() const { return text_; }

 private:
  Kind kind_ = Kind::kNull;
  union {
    std::int64_t integer_ = 0;
    double real_;
  };
  std::string_view text_;
};

}  // namespace stoker::db
