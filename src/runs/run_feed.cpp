#include "runs/run_feed.hpp"

namespace stoker::runs {

io::Task<bool> RunFeed::Topic::changed(std::uint64_t seen, io::Deadline until) {
  while (version_ == seen) {
    if (!co_await signal_.wait(until)) co_return version_ != seen;
  }
  co_return true;
}

std::shared_ptr<RunFeed::Topic> RunFeed::of(const RunId& run) {
  if (const auto at = topics_.find(run); at != topics_.end()) {
    if (auto topic = at->second.lock()) return topic;
  }
  if (topics_.size() >= sweep_at_) {
    std::erase_if(topics_, [](const auto& entry) { return entry.second.expired(); });
    sweep_at_ = std::max<std::size_t>(64, 2 * topics_.size());
  }
  auto topic = std::make_shared<Topic>(loop_);
  topics_[run] = topic;
  return topic;
}

void RunFeed::notify(const RunId& run) {
  const auto at = topics_.find(run);
  if (at == topics_.end()) return;
  auto topic = at->second.lock();
  if (!topic) {
    topics_.erase(at);
    return;
  }
  ++topic->version_;
  topic->signal_.notify();
}

}  // namespace stoker::runs
