#include "client/python_tree.hpp"

#include "io/file.hpp"

namespace stoker::client {

std::string python_tree_beside(const std::string& program) {
  const auto folder = program.substr(0, program.rfind('/'));
  for (const auto* place : {"/../lib/stoker/python", "/../../python", "/../python"}) {
    if (io::exists(folder + place + "/stoker/__init__.py")) return folder + place;
  }
  return {};
}

}  // namespace stoker::client
