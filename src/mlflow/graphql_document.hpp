#pragma once
// GraphQL documents, as much of the language as MLflow's pages send: operations, variables, fragments, aliases; directives are read and
// left out. Pure. Bounded: 1000 selections, depth 10, 10 fields and 10 aliases at the root.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace stoker::mlflow::graphql {

struct Selection {
  std::string name;
  std::string alias;       // the name where none is given
  json::object arguments;  // variables put in
  std::vector<Selection> fields;
};

/// What is selected at the root of the operation; fragments are put in. kInvalidInput with what is wrong.
Result<std::vector<Selection>> parse(std::string_view document, const std::string& operation, const json::object& variables);

}  // namespace stoker::mlflow::graphql
