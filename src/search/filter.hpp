#pragma once
// The grammar of MLflow's searches (mlflow-rest 11): `metrics.acc > 0.9 AND params.lr = '0.1'` as clauses, `metrics.acc DESC` as an order. Pure. What
// may be asked of what is a Schema: runs and experiments have theirs here, others declare their own beside their repositories. Refusals are
// kInvalidInput in MLflow's words, because its clients and their tests compare them.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace stoker::search {

enum class Entity : std::uint8_t { kAttribute, kMetric, kParam, kTag, kDataset };
enum class Operator : std::uint8_t { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual, kLike, kILike, kIn, kNotIn, kIsNull, kIsNotNull };
/// As MLflow spells it: "=", "NOT IN" …
std::string_view to_text(Operator op);

/// A set of operators, a bit each.
using Operators = std::uint16_t;
constexpr Operators operator|(Operator a, Operator b) {
  return static_cast<Operators>(1U << static_cast<unsigned>(a) | 1U << static_cast<unsigned>(b));
}
constexpr Operators operator|(Operators set, Operator one) { return static_cast<Operators>(set | 1U << static_cast<unsigned>(one)); }
constexpr bool has(Operators set, Operator one) { return (set & 1U << static_cast<unsigned>(one)) != 0; }
inline constexpr Operators kNumeric =
    Operator::kEqual | Operator::kNotEqual | Operator::kLess | Operator::kLessEqual | Operator::kGreater | Operator::kGreaterEqual;
inline constexpr Operators kTextual = Operator::kEqual | Operator::kNotEqual | Operator::kLike | Operator::kILike;
inline constexpr Operators kLists = Operator::kIn | Operator::kNotIn;
inline constexpr Operators kNullness = Operator::kIsNull | Operator::kIsNotNull;

enum class Type : std::uint8_t { kText, kNumber };

/// A key that an entity has by a fixed list.
struct Key {
  std::string_view name;       // as it is written
  std::string_view canonical;  // as a Clause has it
  Type type = Type::kText;
  Operators operators = kTextual;
  bool orders = true;  // also in order_by
};

/// An entity by its spellings, and what may be said of it.
struct Group {
  Entity entity = Entity::kAttribute;
  std::vector<std::string_view> names;  // "metric", "metrics"
  std::string_view word;                // in messages: "metric", "parameter"
  Type type = Type::kText;              // of keys that are not listed
  Operators operators = kTextual;
  std::vector<Key> keys;  // empty: any key
  bool orders = true;
};

struct Schema {
  std::vector<Group> groups;  // the first is meant where nothing is in front of the key
  /// A number in quotes is a number (version_number of model versions).
  bool quoted_numbers = false;
  /// The same field twice in an order: passed over, or refused.
  bool ignores_repeated_orders = false;
  // Refusals in the words of the very endpoint; {0} is what was found, {1} what may be, {2} the entity.
  std::string_view entity_refusal = "Invalid entity type '{0}'. Valid values are [{1}]";
  std::string_view operator_refusal = "Invalid comparator '{0}' not one of '{1}'";
  std::string_view list_refusal = "Only the 'run_id' attribute supports comparison with a list of quoted string values.";
  std::string_view null_refusal = "IS NULL / IS NOT NULL is only supported for tags and params, not for {2} '{0}'.";
  std::string_view order_refusal = "Invalid identifier type '{0}'";
};

struct Clause {
  Entity entity = Entity::kAttribute;
  std::string key;  // canonical for a listed one
  Operator op = Operator::kEqual;
  Type type = Type::kText;
  double number = 0;
  std::string text;
  std::vector<std::string> list;  // kIn, kNotIn
};

struct Order {
  Entity entity = Entity::kAttribute;
  std::string key;
  bool ascending = true;
  friend bool operator==(const Order&, const Order&) = default;
};

/// Nothing for an empty text.
Result<std::vector<Clause>> parse_filter(std::string_view text, const Schema& schema);
Result<Order> parse_order(std::string_view item, const Schema& schema);
/// All of a list; the same field twice is refused.
Result<std::vector<Order>> parse_orders(std::span<const std::string> items, const Schema& schema);

const Schema& run_schema();
const Schema& experiment_schema();

}  // namespace stoker::search
