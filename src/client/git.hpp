#pragma once
// The state of git at submission: the properties of Azure ML and MLflow (spec 9.5), and the uncommitted changes themselves. Reads through
// the `git` program; what cannot be determined is left out, and no failure of git fails a submission. Credentials of addresses never leave
// the machine.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "client/home.hpp"

namespace stoker::client {

/// A larger diff is left out whole: half of one is none.
inline constexpr std::size_t kMostDiff = 4U << 20;

struct GitState {
  std::map<std::string, std::string> properties;
  /// `git diff HEAD --binary` of the whole repository; nullopt when there is nothing, no commit, or too much. Then the property
  /// `azureml.git.diff` says "too large". Text that is not UTF-8 is made readable, so that its patch may not apply: "not utf-8".
  std::optional<std::string> diff;
};
/// AZUREML_GIT_* win over what git says. Blocking, at most `patience` in all.
GitState git_state(const std::string& directory, const Variables& variables, std::chrono::milliseconds patience = std::chrono::seconds(10));

/// `https://user:secret@host/x` → `https://host/x`; ssh's user stays (`git@host:x`, `ssh://git@host/x`), its password does not.
std::string without_credentials(std::string_view url);

}  // namespace stoker::client
