#pragma once
// What MLflow allows in names and values (mlflow-rest 5), with its words for what it refuses. Lengths count characters, not bytes. Pure.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "mlflow/fields.hpp"

namespace stoker::mlflow {

inline constexpr std::size_t kLongestKey = 250;
inline constexpr std::size_t kLongestParam = 6000;
inline constexpr std::size_t kLongestRunTag = 8000;
inline constexpr std::size_t kLongestExperimentTag = 5000;

std::size_t characters(std::string_view text);
/// The first `most` characters.
std::string cut(std::string text, std::size_t most);

/// "'<what>' exceeds the maximum length of <n> characters"
Status check_length(std::string_view what, std::string_view text, std::size_t most);
/// A key of a metric, param or tag: its letters, what it would be as a path, its length. `parameter`: its place in the request, for messages;
/// `what`: in the complaint about the length.
Status check_key(std::string_view parameter, std::string_view what, std::string_view key);

/// `max_results`: `fallback` when absent; from 1 to `most`.
Result<std::int64_t> read_max_results(const Fields& fields, std::int64_t fallback, std::int64_t most);

}  // namespace stoker::mlflow
