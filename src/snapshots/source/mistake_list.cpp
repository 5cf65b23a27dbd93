#include "snapshots/source/mistake_list.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace stoker::snapshots {
namespace {

constexpr std::size_t kMistakesShown = 1000;

}  // namespace

void MistakeList::add(std::string path, std::string message) {
  const std::lock_guard lock(mutex_);
  ++count_;
  if (list_.size() < kMistakesShown) list_.push_back({std::move(path), std::move(message)});
}

bool MistakeList::empty() const {
  const std::lock_guard lock(mutex_);
  return count_ == 0;
}

Error MistakeList::to_error(const std::string& source) const {
  const std::lock_guard lock(mutex_);
  std::vector<Mistake> sorted = list_;
  std::sort(sorted.begin(), sorted.end(), [](const Mistake& a, const Mistake& b) { return a.path < b.path; });
  std::string message = fmt::format("no snapshot can be taken of {}", source);
  if (count_ > list_.size()) message += fmt::format(" ({} problems, the first {} follow)", count_, list_.size());
  return Error(ErrorCode::kSourceInvalid, std::move(message))
      .mistakes(std::move(sorted))
      .hint("remove or repair them, or list them in a .gitignore or .amlignore file in the folder");
}

}  // namespace stoker::snapshots
