#pragma once
// Who asks, and from which page: the credentials that MLflow's clients send, and the browser's word for where a page came from.

#include "api/call.hpp"

namespace stoker::mlflow {

/// Bearer tokens, and Basic whose password is one (the user's name is not looked at).
Result<api::Caller> identify(const api::Call& call);
/// The Origin is this machine, or the very server that is asked.
bool is_trusted_origin(const api::Head& head);

/// nullopt for what is no base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace stoker::mlflow
