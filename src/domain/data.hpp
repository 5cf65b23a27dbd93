#pragma once
// What a run reads and writes beside its source: data references, inputs and outputs; and what a dataset is made of. Values and rules, pure.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace stoker {

/// What the SDK calls a data reference, a dataset input, an output dataset.
enum class DataRole : std::uint8_t { kReference, kInput, kOutput };
std::string_view to_text(DataRole role);  // "reference" "input" "output"

/// kDirect: nothing is laid out, the script gets the dataset's id. kMount: links. kDownload: copies. kUpload: what the run leaves is copied at its
/// end.
enum class DataMode : std::uint8_t { kDirect, kMount, kDownload, kUpload };
std::string_view to_text(DataMode mode);  // "direct" "mount" "download" "upload"

/// An output that becomes a version of a dataset when the run has completed.
struct DataRegistration {
  std::string name;
  std::string description;
  std::map<std::string, std::string> tags;
  friend bool operator==(const DataRegistration&, const DataRegistration&) = default;
};

struct DataBinding {
  DataRole role = DataRole::kInput;
  std::string name;  // letters, digits, '_', not beginning with a digit unless it is a reference; unique in the run
  DataMode mode = DataMode::kMount;
  std::string datastore;  // references and outputs; empty: the workspace's default
  /// References and outputs: below the datastore's root, empty for all of it. An output's may hold {run-id} and {output-name}.
  std::string path;
  std::string dataset;                           // inputs: the dataset's id
  std::string variable;                          // empty: the default (`variables_of`)
  std::string path_on_compute;                   // absolute, or below the working directory; empty: a folder of the supervisor's
  bool overwrite = false;                        // what is uploaded replaces what is there
  std::vector<std::string> source_globs;         // outputs by upload: only these, empty for all
  std::optional<DataRegistration> registration;  // outputs
  friend bool operator==(const DataBinding&, const DataBinding&) = default;
};

/// The variables that tell a script where it is: AZUREML_DATAREFERENCE_<name>; for inputs and outputs also `variable` (default: the name) and
/// AZURE_ML_INPUT_<name>, AZURE_ML_OUTPUT_<name>.
std::vector<std::string> variables_of(const DataBinding& binding);
/// The argument that stands for it: DatasetConsumptionConfig:<name>, DatasetOutputConfig:<name>; empty for references, which are variables.
std::string placeholder_of(const DataBinding& binding);
/// `{run-id}` and `{output-name}` replaced.
std::string expand_destination(std::string path, std::string_view run, std::string_view output);

/// The list at `value`, mistakes under `path`: names, modes, paths, and names and variables that clash with each other or with `taken`.
std::vector<DataBinding> read_data_bindings(const json::value& value, const std::string& path, std::vector<Mistake>& mistakes);
/// Clashes of the bindings among themselves and with the variables of the run.
void check_data_clashes(const std::vector<DataBinding>& bindings, const std::map<std::string, std::string>& taken, const std::string& path,
                        std::vector<Mistake>& mistakes);
json::object to_json(const DataBinding& binding);
json::array to_json(const std::vector<DataBinding>& bindings);

/// Files of a datastore by a path (a file, a folder with all below it, or with `*`, `?`, `**`), or one file of the web.
struct DataPath {
  std::string datastore;
  std::string path;  // empty: all of the datastore
  std::string url;   // set: the others are empty
  friend bool operator==(const DataPath&, const DataPath&) = default;
};

/// What a dataset is: where its files are and how its rows are read. Evaluated when it is used.
struct DatasetDefinition {
  bool is_tabular = false;
  std::vector<DataPath> paths;  // 1 to 100,000
  json::object options;         // tabular: format and its settings, opaque to the server; at most 64 KiB
};
DatasetDefinition read_dataset_definition(const json::value& value, const std::string& path, std::vector<Mistake>& mistakes);
/// Every field present; equal definitions give equal text.
json::object to_json(const DatasetDefinition& definition);

/// Where a path of a datastore is for whoever lays it out.
struct DataSource {
  std::string datastore;
  std::string root;  // the datastore's folder, absolute
  std::string path;  // as in DataPath
  friend bool operator==(const DataSource&, const DataSource&) = default;
};
/// A binding with what the server knows of it: for an input the dataset's paths, else the one place.
struct DataPlan {
  DataBinding binding;
  std::vector<DataSource> sources;
};
DataPlan read_data_plan(const json::value& value, const std::string& path, std::vector<Mistake>& mistakes);
json::object to_json(const DataPlan& plan);

/// 1 to 255 characters, no control characters, no slash.
Status check_dataset_name(std::string_view name);
/// 3 to 255 letters, digits and '_'.
Status check_datastore_name(std::string_view name);

}  // namespace stoker
