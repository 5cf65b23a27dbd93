#include "search/filter.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "search/lexer.hpp"

namespace stoker::search {
namespace {

constexpr std::array<std::string_view, 12> kOperators = {"=", "!=", "<", "<=", ">", ">=", "LIKE", "ILIKE", "IN", "NOT IN", "IS NULL", "IS NOT NULL"};
constexpr std::size_t kSymbols = 6;  // the first of them are no words

Error refusal(std::string message) { return {ErrorCode::kInvalidInput, std::move(message)}; }

std::string quoted_list(const std::vector<std::string_view>& names) {
  std::string text;
  for (const auto name : names) text += fmt::format("{}'{}'", text.empty() ? "" : ", ", name);
  return text;
}

Error unknown_entity(const Schema& schema, std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& group : schema.groups) names.insert(names.end(), group.names.begin(), group.names.end());
  return refusal(fmt::format(fmt::runtime(schema.entity_refusal), name, quoted_list(names)));
}

Error unknown_key(const Group& group, std::string_view key) {
  std::vector<std::string_view> names;
  for (const auto& known : group.keys) names.push_back(known.name);
  return refusal(fmt::format("Invalid {} key '{}' specified. Valid keys are '[{}]'", group.word, key, quoted_list(names)));
}

/// What stands left of an operator, or is ordered by.
struct Field {
  const Group* group = nullptr;
  const Key* listed = nullptr;  // nullptr: any key of the group
  std::string key;              // canonical

  Type type() const { return listed != nullptr ? listed->type : group->type; }
  Operators operators() const { return listed != nullptr ? listed->operators : group->operators; }
  bool orders() const { return group->orders && (listed == nullptr || listed->orders); }
};

Result<Field> field_of(std::string_view written, const Schema& schema) {
  const auto dot = written.find('.');
  const bool quoted = is_quoted(written);
  Field field;
  if (dot == std::string_view::npos) {
    field.group = &schema.groups.front();
    field.key = without_quotes(written);
  } else {
    const auto entity = written.substr(0, dot);
    const auto at =
        std::ranges::find_if(schema.groups, [&](const Group& group) { return std::ranges::find(group.names, entity) != group.names.end(); });
    if (quoted || at == schema.groups.end()) return unknown_entity(schema, entity);
    field.group = &*at;
    field.key = without_quotes(written.substr(dot + 1));
  }
  if (field.key.empty())
    return refusal(fmt::format("Invalid identifier '{}'. Columns should be specified as 'attribute.<key>', 'metric.<key>', 'tag.<key>'", written));
  if (field.group->keys.empty()) return field;
  const auto known = std::ranges::find(field.group->keys, field.key, &Key::name);
  if (known == field.group->keys.end()) return unknown_key(*field.group, field.key);
  field.listed = &*known;
  field.key = known->canonical;
  return field;
}

class Parser {
 public:
  Parser(std::string_view text, const Schema& schema) : schema_(schema), text_(text), tokens_(tokens_of(text)) {}

  Result<std::vector<Clause>> parse() {
    if (text_.empty()) return std::vector<Clause>();
    if (tokens_.empty()) return refusal(fmt::format("Invalid filter '{}'. Could not be parsed.", text_));
    CHECK_OK(check_one_statement());
    std::vector<Clause> clauses;
    while (skip_and()) {
      TRY(auto clause, parse_clause());
      clauses.push_back(std::move(clause));
      if (at_ < tokens_.size() && !is_word(tokens_[at_], "AND")) return invalid_clause(tokens_[at_]);
    }
    return clauses;
  }

 private:
  /// False at the end.
  bool skip_and() {
    while (at_ < tokens_.size() && is_word(tokens_[at_], "AND")) ++at_;
    return at_ < tokens_.size();
  }

  Status check_one_statement() const {
    for (std::size_t i = 0; i + 1 < tokens_.size(); ++i) {
      if (tokens_[i].piece == Piece::kOther && tokens_[i].text.starts_with(';'))
        return refusal(fmt::format("Search filter contained multiple expression '{}'. Provide AND-ed expression list.", text_));
    }
    return ok();
  }

  static Error invalid_clause(const Token& token) { return refusal(fmt::format("Invalid clause(s) in filter string: '{}'", token.text)); }
  Error ends_early() const { return invalid_clause({Piece::kOther, text_}); }

  Result<Clause> parse_clause() {
    const auto left = tokens_[at_];
    const bool quoted_name = left.piece == Piece::kText && left.text[0] == '"';
    const bool compared = at_ + 1 < tokens_.size() && tokens_[at_ + 1].piece == Piece::kOperator;
    if (left.piece != Piece::kName && !quoted_name) {
      if (!compared) return invalid_clause(left);
      return refusal(fmt::format("Invalid comparison clause. Expected 'Identifier' found '{}'", left.text));
    }
    if (at_ + 1 == tokens_.size()) return invalid_clause(left);
    ++at_;
    const auto before = at_;
    TRY(const auto op, parse_operator());
    if (!op) return invalid_clause(tokens_[before]);
    TRY(const auto field, field_of(left.text, schema_));
    CHECK_OK(check_operator(field, *op));
    Clause clause{.entity = field.group->entity, .key = field.key, .op = *op, .type = field.type()};
    if (has(kNullness, *op)) return clause;
    if (has(kLists, *op)) {
      TRY(clause.list, parse_list());
      return clause;
    }
    CHECK_OK(parse_value(field, clause));
    return clause;
  }

  /// nullopt: there is none. A comparator that nothing knows is refused.
  Result<std::optional<Operator>> parse_operator() {
    const auto token = tokens_[at_];
    if (token.piece == Piece::kOperator) {
      ++at_;
      for (std::size_t i = 0; i < kSymbols; ++i)
        if (token.text == kOperators[i]) return std::optional(static_cast<Operator>(i));
      return refusal(fmt::format("Invalid comparator '{}' not one of '[{}]'", token.text, quoted_list({kOperators.begin(), kOperators.end()})));
    }
    const auto next_is = [&](std::size_t ahead, std::string_view word) {
      return at_ + ahead < tokens_.size() && is_word(tokens_[at_ + ahead], word);
    };
    const auto take = [&](std::size_t words, Operator op) {
      at_ += words;
      return std::optional(op);
    };
    if (next_is(0, "LIKE")) return take(1, Operator::kLike);
    if (next_is(0, "ILIKE")) return take(1, Operator::kILike);
    if (next_is(0, "IN")) return take(1, Operator::kIn);
    if (next_is(0, "NOT") && next_is(1, "IN")) return take(2, Operator::kNotIn);
    if (next_is(0, "IS") && next_is(1, "NULL")) return take(2, Operator::kIsNull);
    if (next_is(0, "IS") && next_is(1, "NOT") && next_is(2, "NULL")) return take(3, Operator::kIsNotNull);
    if (next_is(0, "NOT") && at_ + 1 < tokens_.size())
      return refusal(
          fmt::format("Invalid comparator 'NOT {}' not one of '[{}]'", tokens_[at_ + 1].text, quoted_list({kOperators.begin(), kOperators.end()})));
    return std::optional<Operator>();
  }

  Status check_operator(const Field& field, Operator op) const {
    const auto allowed = field.operators();
    if (has(allowed, op)) return ok();
    if (has(kLists, op)) return refusal(std::string(schema_.list_refusal));
    if (has(kNullness, op)) return refusal(fmt::format(fmt::runtime(schema_.null_refusal), field.key, "", field.group->word));
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < kOperators.size(); ++i)
      if (has(allowed, static_cast<Operator>(i))) names.push_back(kOperators[i]);
    return refusal(fmt::format(fmt::runtime(schema_.operator_refusal), to_text(op), "[" + quoted_list(names) + "]", field.group->word));
  }

  Result<std::vector<std::string>> parse_list() {
    if (at_ == tokens_.size()) return ends_early();
    if (tokens_[at_].piece != Piece::kOpen) return invalid_clause(tokens_[at_]);
    ++at_;
    std::vector<std::string> list;
    bool wants_comma = false;
    for (; at_ < tokens_.size(); ++at_) {
      const auto& token = tokens_[at_];
      if (token.piece == Piece::kClose) {
        ++at_;
        if (list.empty()) return refusal("While parsing a list in the query, expected a non-empty list of string values, but got empty list");
        return list;
      }
      const bool fits = wants_comma ? token.piece == Piece::kComma : token.piece == Piece::kText;
      if (!fits) return refusal("While parsing a list in the query, expected a non-empty list of string values, but got ill-formed list.");
      if (!wants_comma) list.emplace_back(without_quotes(token.text));
      wants_comma = !wants_comma;
    }
    return ends_early();
  }

  Status parse_value(const Field& field, Clause& clause) {
    if (at_ == tokens_.size()) return ends_early();
    const auto token = tokens_[at_++];
    return clause.type == Type::kNumber ? take_number(field, token, clause) : take_text(field, token, clause);
  }

  Status take_number(const Field& field, const Token& token, Clause& clause) const {
    auto digits = token.text;
    if (schema_.quoted_numbers && token.piece == Piece::kText) digits = without_quotes(digits);
    const bool may_be = token.piece == Piece::kNumber || (schema_.quoted_numbers && token.piece == Piece::kText);
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), clause.number);
    // Out of range is infinity or 0, as everywhere.
    if (may_be && parsed.ptr == digits.data() + digits.size() && parsed.ec != std::errc::invalid_argument) return ok();
    const auto of = field.listed != nullptr ? fmt::format("numeric {}: {}", field.group->word, field.key) : std::string(field.group->word);
    return refusal(fmt::format("Expected numeric value type for {}. Found {}", of, token.text));
  }

  static Status take_text(const Field& field, const Token& token, Clause& clause) {
    if (token.piece == Piece::kText) {
      clause.text = without_quotes(token.text);
      return ok();
    }
    if (token.piece == Piece::kName) {
      std::string word(field.group->word);
      if (!word.empty()) word[0] = static_cast<char>(word[0] - 'a' + 'A');
      return refusal(
          fmt::format("{} value is either not quoted or unidentified quote types used for string value {}. Use either single or double quotes.", word,
                      token.text));
    }
    if (token.piece == Piece::kNumber)
      return refusal(fmt::format("Expected a quoted string value for {} (e.g. 'my-value'). Got value {}", field.group->word, token.text));
    return invalid_clause(token);
  }

  const Schema& schema_;
  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

std::string name_of(const Order& order) {
  constexpr std::array<std::string_view, 5> kEntities = {"attributes", "metrics", "params", "tags", "datasets"};
  return fmt::format("{}.{}", kEntities[static_cast<std::size_t>(order.entity)], order.key);
}

}  // namespace

std::string_view to_text(Operator op) { return kOperators[static_cast<std::size_t>(op)]; }

Result<std::vector<Clause>> parse_filter(std::string_view text, const Schema& schema) { return Parser(text, schema).parse(); }

Result<Order> parse_order(std::string_view item, const Schema& schema) {
  const auto tokens = tokens_of(item);
  const auto cannot = [&] { return refusal(fmt::format("Invalid order_by clause '{}'. Could not be parsed.", item)); };
  if (tokens.empty() || tokens.size() > 2) return cannot();
  const bool quoted_name = tokens[0].piece == Piece::kText && tokens[0].text[0] == '"';
  if (tokens[0].piece != Piece::kName && !quoted_name) return cannot();
  bool ascending = true;
  if (tokens.size() == 2) {
    ascending = is_word(tokens[1], "ASC");
    if (!ascending && !is_word(tokens[1], "DESC")) return refusal(fmt::format("Invalid ordering key in order_by clause '{}'.", item));
  }
  TRY(const auto field, field_of(tokens[0].text, schema));
  if (!field.group->orders) return refusal(fmt::format(fmt::runtime(schema.order_refusal), field.group->word));
  if (!field.orders()) return unknown_key(*field.group, field.listed->name);
  return Order{.entity = field.group->entity, .key = field.key, .ascending = ascending};
}

Result<std::vector<Order>> parse_orders(std::span<const std::string> items, const Schema& schema) {
  std::vector<Order> orders;
  std::vector<std::string> repeated;
  for (const auto& item : items) {
    TRY(auto order, parse_order(item, schema));
    const bool again = std::ranges::any_of(orders, [&](const Order& other) { return other.entity == order.entity && other.key == order.key; });
    if (!again) orders.push_back(std::move(order));
    else repeated.push_back(name_of(order));
  }
  if (!repeated.empty() && !schema.ignores_repeated_orders) {
    std::string names;
    for (const auto& name : repeated) names += fmt::format("{}'{}'", names.empty() ? "" : ", ", name);
    return refusal(fmt::format("`order_by` contains duplicate fields: [{}]", names));
  }
  return orders;
}

}  // namespace stoker::search
