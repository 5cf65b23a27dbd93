#pragma once
// Lays out what a run reads and takes up what it leaves, on the machine where the datastores' folders are. Used by the supervisor, on its pool:
// everything blocks. docs/decisions/0013-data-inputs.md says what a mount is.

#include <atomic>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "domain/data.hpp"

namespace stoker::data {

struct Laid {
  std::string name;
  std::string path;   // where the script finds it; empty for a dataset that is passed by its id
  std::string value;  // of its variables: the path, or the id
  std::string note;   // for the run's log; empty: nothing to tell
};

/// Where things may lie.
struct Places {
  std::string work;  // the working directory
  std::string own;   // a folder of the supervisor's that goes with the run; made when it is needed
};

/// In the order of the plans. Ends early, with kCanceled, when `stop` is set. What lies outside of `places` afterwards (an absolute path_on_compute)
/// is removed by `clear`.
Result<std::vector<Laid>> lay_out(const std::vector<DataPlan>& plans, const Places& places, const std::atomic<bool>& stop);

/// Copies what uploads left to their datastores, durable when it returns. One text for each that could not be stored; the others are stored.
std::vector<std::string> deliver(const std::vector<DataPlan>& plans, const std::vector<Laid>& laid, const std::atomic<bool>& stop);

/// Takes away what lay_out made at absolute paths.
void clear(const std::vector<DataPlan>& plans, const std::vector<Laid>& laid);

}  // namespace stoker::data
