#pragma once
// Paths of artifacts as clients name them, and the URIs that name ours. Pure: what is refused here reaches neither the catalog nor a disk.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace stoker::mlflow {

/// The path without `.`, doubled and ending slashes; "" is the root. kInvalidInput "Invalid path" for what leaves the root, is absolute, has a drive,
/// a backslash, `#` or a control character, as it stands or after percent-decoding it again and again.
Result<std::string> check_artifact_path(std::string_view path);

/// The path below our artifact root that the URI names: `mlflow-artifacts:/P`, or the address of the proxy. nullopt: not ours.
std::optional<std::string> own_artifact_path(std::string_view uri);
std::string artifact_uri(std::string_view path);

/// By the file's name: what MLflow's pages show as text is text/plain (section 12.6 of the specification).
std::string_view artifact_type_of(std::string_view path);
/// `attachment; filename=…` for a file of that path.
std::string attachment_of(std::string_view path);

}  // namespace stoker::mlflow
