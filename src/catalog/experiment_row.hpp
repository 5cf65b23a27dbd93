#pragma once
// A row of the view experiment_rows. Private to catalog/.

#include "catalog/experiments.hpp"

namespace stoker::catalog {

Experiment read_experiment(const db::Row& row);

}  // namespace stoker::catalog
