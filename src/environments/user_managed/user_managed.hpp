#pragma once
// Environments that the user keeps: an interpreter that exists. Nothing is installed and no package is checked.
// Settings: {"interpreter": path of a program, of a conda or virtual environment, or a name on the run's PATH}; without it python3, else python.

#include "environments/environment.hpp"

namespace stoker::environments {

const EnvironmentKind& user_managed_kind();

}  // namespace stoker::environments
