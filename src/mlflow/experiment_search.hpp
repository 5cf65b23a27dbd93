#pragma once
// Experiments are hundreds: a search reads all of a workspace and judges them here. Pure.

#include <vector>

#include "catalog/experiments.hpp"
#include "search/filter.hpp"

namespace stoker::mlflow {

bool matches(const catalog::Experiment& experiment, const std::vector<search::Clause>& where);
/// Without orders: newest first, then by number; with some: by them, then by number downwards.
void sort(std::vector<catalog::Experiment>& experiments, const std::vector<search::Order>& orders);

}  // namespace stoker::mlflow
