#pragma once
#include "base/id.hpp"

namespace stoker {
using WorkspaceId = Id<struct WorkspaceTag>;    // GUID
using ExperimentId = Id<struct ExperimentTag>;  // GUID; the integer of MLflow is Experiment::number
using RunId = Id<struct RunTag>;                // <experiment>_<epoch seconds>_<8 hex>, at most 256 characters
using SnapshotId = Id<struct SnapshotTag>;      // hexadecimal SHA-256 of the root tree
}  // namespace stoker
