#pragma once
// What of a workspace's data a caller reaches: the owner everything, a run's token what its run has as input (read) and as output (write).

#include <string>
#include <vector>

#include "api/call.hpp"
#include "domain/data.hpp"

namespace stoker::api {

class DataReach {
 public:
  struct Place {
    std::string datastore;
    std::string pattern;
    bool is_written = false;
  };
  static DataReach everything() { return DataReach(true, {}); }
  static DataReach only(std::vector<Place> places) { return DataReach(false, std::move(places)); }

  bool reaches_all() const { return all_; }
  /// kForbidden, with what to do.
  Status check_read(const std::string& datastore, const std::string& path) const;
  Status check_write(const std::string& datastore, const std::string& path) const;
  /// Every file that a path of a dataset can mean. Errs on the side of no.
  Status check_definition(const DatasetDefinition& definition) const;

 private:
  DataReach(bool all, std::vector<Place> places) : all_(all), places_(std::move(places)) {}
  bool all_;
  std::vector<Place> places_;
};

/// kForbidden: a run of another workspace. kNotFound: the workspace.
io::Task<Result<DataReach>> data_reach(Call& call, WorkspaceId workspace);

}  // namespace stoker::api
