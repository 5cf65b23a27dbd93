#include "mlflow/graphql_document.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

namespace stoker::mlflow::graphql {
namespace {

constexpr std::size_t kMostSelections = 1000, kMostDepth = 10, kMostRoots = 10;
constexpr std::size_t kMostNesting = 32;

Error refused(std::string message) { return {ErrorCode::kInvalidInput, std::move(message)}; }

bool is_name_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Names, numbers and texts whole, everything else one character.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : rest_(text) { next(); }
  std::string_view peek() const { return token_; }
  bool at_end() const { return token_.empty(); }
  bool is_name() const { return !token_.empty() && is_name_char(token_[0]) && std::isdigit(static_cast<unsigned char>(token_[0])) == 0; }
  std::string_view take() {
    const auto taken = token_;
    next();
    return taken;
  }
  bool take_if(std::string_view wanted) {
    if (token_ != wanted) return false;
    next();
    return true;
  }

 private:
  void next() {
    skip_blank();
    std::size_t size = rest_.empty() ? 0 : 1;
    if (!rest_.empty() && (is_name_char(rest_[0]) || rest_[0] == '-')) {
      const bool number = rest_[0] == '-' || std::isdigit(static_cast<unsigned char>(rest_[0])) != 0;
      const auto goes_on = [&](char c) { return is_name_char(c) || (number && (c == '.' || c == '+' || c == '-')); };
      while (size < rest_.size() && goes_on(rest_[size])) ++size;
    } else if (!rest_.empty() && rest_[0] == '"') {
      while (size < rest_.size() && rest_[size] != '"') size += rest_[size] == '\\' ? 2 : 1;
      size = std::min(size + 1, rest_.size());
    }
    token_ = rest_.substr(0, size);
    rest_.remove_prefix(size);
  }
  void skip_blank() {
    while (!rest_.empty()) {
      if (std::isspace(static_cast<unsigned char>(rest_[0])) != 0 || rest_[0] == ',') rest_.remove_prefix(1);
      else if (rest_[0] == '#') rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
      else return;
    }
  }
  std::string_view rest_, token_;
};

struct Node {
  Selection field;
  std::string spread;        // of a named fragment
  std::vector<Node> nested;  // of a field, or of an inline fragment (no name)
};
struct Operation {
  std::string name;
  json::object defaults;
  std::vector<Node> nodes;
};

class Parser {
 public:
  Parser(std::string_view text, const json::object& variables) : lexer_(text), variables_(variables) {}

  Status parse() {
    while (!lexer_.at_end()) {
      if (lexer_.take_if("fragment")) {
        const std::string name(lexer_.take());
        if (!lexer_.take_if("on")) return unexpected();
        lexer_.take();
        CHECK_OK(skip_directives());
        TRY(fragments[name], selection_set(0));
      } else {
        CHECK_OK(operation());
      }
    }
    return ok();
  }

  std::vector<Operation> operations;
  std::map<std::string, std::vector<Node>, std::less<>> fragments;

 private:
  Error unexpected() const {
    return refused(lexer_.at_end() ? "Syntax Error: Unexpected <EOF>." : fmt::format("Syntax Error: Unexpected '{}'.", lexer_.peek()));
  }

  Status operation() {
    Operation made;
    if (lexer_.peek() != "{") {
      if (lexer_.peek() != "query" && lexer_.peek() != "mutation") return unexpected();
      lexer_.take();
      if (lexer_.is_name()) made.name = lexer_.take();
      if (lexer_.take_if("(")) CHECK_OK(variable_definitions(made));
      CHECK_OK(skip_directives());
    }
    defaults_ = made.defaults;
    TRY(made.nodes, selection_set(0));
    operations.push_back(std::move(made));
    return ok();
  }

  Status variable_definitions(Operation& operation) {
    while (!lexer_.take_if(")")) {
      if (!lexer_.take_if("$") || !lexer_.is_name()) return unexpected();
      const std::string name(lexer_.take());
      if (!lexer_.take_if(":")) return unexpected();
      while (lexer_.peek() == "[" || lexer_.peek() == "]" || lexer_.peek() == "!" || lexer_.is_name()) lexer_.take();
      if (lexer_.take_if("=")) {
        TRY(operation.defaults[name], value(0));
      }
    }
    return ok();
  }

  Status skip_directives() {
    while (lexer_.take_if("@")) {
      lexer_.take();
      if (lexer_.peek() == "(") CHECK_OK(arguments());
    }
    return ok();
  }

  Result<json::object> arguments() {
    json::object found;
    if (!lexer_.take_if("(")) return unexpected();
    while (!lexer_.take_if(")")) {
      if (!lexer_.is_name()) return unexpected();
      const std::string name(lexer_.take());
      if (!lexer_.take_if(":")) return unexpected();
      TRY(found[name], value(0));
    }
    return found;
  }

  Result<json::value> value(std::size_t depth) {
    if (depth > kMostNesting) return refused("The value is nested too deeply.");
    if (lexer_.take_if("$")) {
      const std::string name(lexer_.take());
      if (const auto* given = variables_.if_contains(name)) return *given;
      const auto* fallback = defaults_.if_contains(name);
      return fallback != nullptr ? *fallback : json::value(nullptr);
    }
    if (lexer_.take_if("[")) {
      json::array list;
      while (!lexer_.take_if("]")) {
        TRY(auto item, value(depth + 1));
        list.push_back(std::move(item));
      }
      return json::value(std::move(list));
    }
    if (lexer_.take_if("{")) {
      json::object object;
      while (!lexer_.take_if("}")) {
        if (!lexer_.is_name()) return unexpected();
        const std::string name(lexer_.take());
        if (!lexer_.take_if(":")) return unexpected();
        TRY(object[name], value(depth + 1));
      }
      return json::value(std::move(object));
    }
    return scalar();
  }

  Result<json::value> scalar() {
    if (lexer_.at_end() || std::string_view("{}()[]:=!@|&").find(lexer_.peek()[0]) != std::string_view::npos) return unexpected();
    const bool is_enum = lexer_.is_name();
    const auto token = lexer_.take();
    if (is_enum && token != "true" && token != "false" && token != "null") return json::value(token);
    const auto parsed = parse_json(token);
    if (!parsed) return refused(fmt::format("Syntax Error: Unexpected '{}'.", to_valid_utf8(token.substr(0, 100))));
    return *parsed;
  }

  Result<std::vector<Node>> selection_set(std::size_t depth) {
    if (depth > kMostNesting) return refused("The selection is nested too deeply.");
    std::vector<Node> nodes;
    if (!lexer_.take_if("{")) return unexpected();
    while (!lexer_.take_if("}")) {
      TRY(auto node, selection(depth));
      nodes.push_back(std::move(node));
      if (++count_ > kMostSelections) return refused(fmt::format("Query exceeds the maximum of {} selections.", kMostSelections));
    }
    return nodes;
  }

  Result<Node> selection(std::size_t depth) {
    Node node;
    if (lexer_.take_if(".")) {
      if (!lexer_.take_if(".") || !lexer_.take_if(".")) return unexpected();
      if (lexer_.is_name() && lexer_.peek() != "on") {
        node.spread = lexer_.take();
        CHECK_OK(skip_directives());
        return node;
      }
      if (lexer_.take_if("on")) lexer_.take();
    } else {
      if (!lexer_.is_name()) return unexpected();
      node.field.name = node.field.alias = lexer_.take();
      if (lexer_.take_if(":")) {
        if (!lexer_.is_name()) return unexpected();
        node.field.name = lexer_.take();
      }
      if (lexer_.peek() == "(") {
        TRY(node.field.arguments, arguments());
      }
    }
    CHECK_OK(skip_directives());
    if (lexer_.peek() == "{") {
      TRY(node.nested, selection_set(depth + 1));
    }
    return node;
  }

  Lexer lexer_;
  const json::object& variables_;
  json::object defaults_;
  std::size_t count_ = 0;
};

/// Fragments put in. Bounded by depth and count: a fragment may name itself.
class Flattener {
 public:
  explicit Flattener(const Parser& parser) : parser_(parser) {}

  Status flatten(const std::vector<Node>& nodes, std::size_t depth, std::size_t nesting, std::vector<Selection>& out) {
    if (depth > kMostDepth || nesting > kMostNesting) return refused(fmt::format("Query exceeds maximum depth of {}.", kMostDepth));
    for (const auto& node : nodes) {
      if (++count_ > kMostSelections) return refused(fmt::format("Query exceeds the maximum of {} selections.", kMostSelections));
      if (!node.spread.empty()) {
        const auto fragment = parser_.fragments.find(node.spread);
        if (fragment == parser_.fragments.end()) return refused(fmt::format("Unknown fragment '{}'.", node.spread));
        CHECK_OK(flatten(fragment->second, depth, nesting + 1, out));
      } else if (node.field.name.empty()) {
        CHECK_OK(flatten(node.nested, depth, nesting + 1, out));
      } else {
        out.push_back(node.field);
        std::vector<Selection> below;
        CHECK_OK(flatten(node.nested, depth + 1, nesting + 1, below));
        out.back().fields = std::move(below);
      }
    }
    return ok();
  }

 private:
  const Parser& parser_;
  std::size_t count_ = 0;
};

}  // namespace

Result<std::vector<Selection>> parse(std::string_view document, const std::string& operation, const json::object& variables) {
  Parser parser(document, variables);
  CHECK_OK(parser.parse());
  const auto named = [&operation](const Operation& one) { return operation.empty() || one.name == operation; };
  const auto found = std::ranges::find_if(parser.operations, named);
  if (found == parser.operations.end())
    return refused(operation.empty() ? "Must provide an operation." : fmt::format("Unknown operation named '{}'.", operation));
  if (operation.empty() && parser.operations.size() > 1) return refused("Must provide operation name if query contains multiple operations.");
  std::vector<Selection> roots;
  CHECK_OK(Flattener(parser).flatten(found->nodes, 0, 0, roots));
  if (roots.size() > kMostRoots) return refused(fmt::format("Query exceeds the maximum of {} root fields.", kMostRoots));
  return roots;
}

}  // namespace stoker::mlflow::graphql
