#pragma once
// What is wrong with a source folder, gathered from all threads, so that one attempt shows everything.

#include <mutex>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace stoker::snapshots {

/// The thousand first are kept, the others counted.
class MistakeList {
 public:
  void add(std::string path, std::string message);
  bool empty() const;
  /// kSourceInvalid with all of them, sorted by path.
  Error to_error(const std::string& source) const;

 private:
  mutable std::mutex mutex_;
  std::vector<Mistake> list_;
  std::size_t count_ = 0;
};

}  // namespace stoker::snapshots
