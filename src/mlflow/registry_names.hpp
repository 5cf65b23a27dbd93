#pragma once
// What names, aliases, stages, versions and sources of the model registry may be. Pure; the messages are MLflow's own.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "mlflow/fields.hpp"

namespace stoker::mlflow {

Status check_model_name(std::string_view name);
Status check_alias(std::string_view alias);
/// Key at most 250 characters of MLflow's key syntax, value at most 100,000.
Status check_registry_tag(std::string_view key, std::string_view value);
/// None, Staging, Production or Archived, whatever the case.
Result<std::string> canonical_stage(std::string_view stage);
/// "3" and "03" are 3; kInvalidInput `Parameter 'version' must be an integer, got 'abc'.`
Result<std::int64_t> version_number(const Fields& fields);
/// Section 13.4 of the specification: no local paths, no relative references.
Status check_source(std::string_view source);

}  // namespace stoker::mlflow
