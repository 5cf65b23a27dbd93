#pragma once
// Finding a Python interpreter by what a user says, and asking it once what it is. Used by the user-managed kind only.

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "environments/environment.hpp"

namespace stoker::environments {

struct FoundInterpreter {
  std::string path;       // absolute, symbolic links kept: a virtual environment is known by the path of its link
  std::string prefix;     // the folder that was named; empty when a file or a name was
  bool is_conda = false;  // of `prefix`
};

/// `named`: an absolute path (`~/` too) of a program or of a conda or virtual environment, or a name on the PATH of `variables`.
/// kEnvironmentInvalid with what there is instead.
Result<FoundInterpreter> find_interpreter(const std::string& named, const Variables& variables);
/// `python3`, else `python`, on the PATH.
std::optional<FoundInterpreter> find_default_interpreter(const Variables& variables);

/// Starts it once with `-c`; the answer ("3.11.7") is kept by path, time of change, size, and the variables that Python heeds.
/// kEnvironmentInvalid when it does not start, is no Python, or does not answer within 10 seconds.
Result<std::string> python_version(const std::string& path, const Variables& variables);
/// Where it looks for packages (sys.path, and the user's own folder even before there is one). Asks again after a change in one of them.
Result<std::vector<std::string>> python_search_path(const std::string& path, const Variables& variables);

/// Interpreters on the PATH, absolute, in order, at most `limit`.
std::vector<std::string> interpreters_on_path(const Variables& variables, std::size_t limit);

}  // namespace stoker::environments
