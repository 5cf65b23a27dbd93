#pragma once
// The state of git at submission, as the properties of Azure ML and MLflow (spec 9.5). Reads through the `git` program; a value that
// cannot be determined is left out, and no failure of git fails a submission. Credentials never leave the machine.

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "client/home.hpp"

namespace stoker::client {

/// AZUREML_GIT_* win over what git says. Blocking, at most `patience` in all.
std::map<std::string, std::string> git_properties(const std::string& directory, const Variables& variables,
                                                  std::chrono::milliseconds patience = std::chrono::seconds(10));

/// `https://user:secret@host/x` → `https://host/x`; ssh's user stays (`git@host:x`, `ssh://git@host/x`), its password does not.
std::string without_credentials(std::string_view url);

}  // namespace stoker::client
