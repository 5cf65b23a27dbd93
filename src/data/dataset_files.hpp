#pragma once
// From the paths of a dataset to its files, with the name that each has inside the dataset. Names are below the folder that all paths share (the part
// before the first wildcard; of a file its folder); paths of several datastores are below the datastores' names, files of the web below
// their host's. Blocks.

#include <string>
#include <vector>

#include "data/folder.hpp"
#include "domain/data.hpp"

namespace stoker::data {

struct DatasetFile {
  std::string name;   // inside the dataset
  DataSource source;  // where: `path` is the file's; with a url `root` and `datastore` are empty and `path` is the url
  std::uint64_t size = 0;
  Time modified_at;
  bool is_url() const { return source.root.empty(); }
};

struct DatasetFiles {
  std::vector<DatasetFile> files;  // by name, each once
  /// One path without a wildcard that is a file: what is laid out is the file and not a folder.
  bool is_single = false;
};

/// kNotFound: a path of the dataset means no file, named with its datastore. A source without root is a url.
Result<DatasetFiles> find_files(const std::vector<DataSource>& sources);

}  // namespace stoker::data
