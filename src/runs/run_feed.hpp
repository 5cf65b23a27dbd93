#pragma once
// Wakes who follows a run: its log grew, a metric came, its state changed. Says only "look again"; the stores have the content.
// Followers remember the version they looked at, so nothing is missed between looking and waiting. Single loop.

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "domain/ids.hpp"
#include "io/task.hpp"

namespace stoker::runs {

class RunFeed {
 public:
  class Topic {
   public:
    explicit Topic(io::Loop& loop) : signal_(loop) {}
    /// Rises with each notify. Take it before looking at the stores.
    std::uint64_t version() const { return version_; }
    /// At once when the version is not `seen` any more; else at the next notify (true) or the deadline (false).
    io::Task<bool> changed(std::uint64_t seen, io::Deadline until = io::kNever);

   private:
    friend class RunFeed;
    std::uint64_t version_ = 0;
    io::Signal signal_;
  };

  explicit RunFeed(io::Loop& loop) : loop_(loop) {}
  /// Keep it as long as you follow; what nobody follows is forgotten.
  std::shared_ptr<Topic> of(const RunId& run);
  void notify(const RunId& run);
  std::size_t followed() const { return topics_.size(); }

 private:
  io::Loop& loop_;
  std::unordered_map<RunId, std::weak_ptr<Topic>> topics_;
  std::size_t sweep_at_ = 64;  // forget what nobody follows when there are so many
};

}  // namespace stoker::runs
