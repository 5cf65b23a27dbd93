#pragma once
// What a run inherits from the shell that it was submitted from: interpreter paths, locale, libraries, thread counts. A list of what
// is taken, never of what is left out, and nothing whose name looks like a secret.

#include <string_view>

#include "client/home.hpp"

namespace stoker::client {

bool is_inherited(std::string_view name);
Variables inherited_variables(const Variables& all);

}  // namespace stoker::client
