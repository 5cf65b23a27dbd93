#pragma once
// Who starts next on a target. Pure: a queue, a capacity and what is taken go in; starts and the head's reason come out.
// First come, first served: the head of the line keeps its place, so nobody is overtaken and nobody starves. Cost: what is started,
// not what waits (100,000 waiting runs are one comparison).

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "domain/run.hpp"
#include "targets/target.hpp"

namespace stoker::runs {

/// A run in the line. `order` is its submission's; unique.
struct Waiting {
  std::uint64_t order = 0;
  RunId run;
  Resources resources;
};

/// The line of one target, in the order of submission.
class Queue {
 public:
  /// At its order's place, so what could not be started goes back to where it was. False when it is in the line already.
  bool push(Waiting waiting);
  /// False when it is not there.
  bool remove(const RunId& run);
  bool contains(const RunId& run) const { return order_of_.contains(run); }
  std::size_t size() const { return line_.size(); }
  bool empty() const { return line_.empty(); }
  /// In order.
  const std::map<std::uint64_t, Waiting>& line() const { return line_; }
  /// Runs before it; nullopt when it does not wait. Reads the line up to it.
  std::optional<std::int64_t> ahead_of(const RunId& run) const;

 private:
  std::map<std::uint64_t, Waiting> line_;
  std::unordered_map<RunId, std::uint64_t> order_of_;
};

/// The part of a target that a placed run has.
struct Taken {
  RunId run;
  std::uint64_t order = 0;  // of the queue, for going back; 0 when it never waited here
  Resources resources;
  std::vector<int> gpu_indices;
  int slot = 0;
};

/// What is taken of one target.
class Usage {
 public:
  /// False when the run has its part already.
  bool take(Taken taken);
  /// Nothing when it has none.
  void free(const RunId& run);
  int cpus() const { return cpus_; }
  int gpus() const { return static_cast<int>(gpus_.size()); }
  bool has_gpu(int index) const { return gpus_.contains(index); }
  bool has_slot(int slot) const { return slots_.contains(slot); }
  std::size_t size() const { return taken_.size(); }
  /// The names of those who use CPUs or GPUs, "run-a, run-b and 5 more".
  std::string users(bool of_gpus) const;

 private:
  std::unordered_map<RunId, Taken> taken_;
  std::set<int> gpus_, slots_;
  int cpus_ = 0;
};

struct Decision {
  std::vector<Taken> starts;
  /// Why the new head waits: "waits for 1 GPU: 2 of 2 are used by run-a, run-b". nullopt when nobody waits or `limit` was reached.
  std::optional<std::string> head_waits;
};
/// At most `limit` starts. Takes neither from the queue nor of the usage: the caller does, as it carries the starts out.
Decision schedule(const Queue& queue, const targets::Capacity& capacity, const Usage& usage, std::size_t limit = 64);

/// Mistakes (paths under `path`) when not even the whole target would do.
void check_fits(const Resources& resources, const targets::Capacity& capacity, const std::string& target, const std::string& path,
                std::vector<Mistake>& mistakes);

}  // namespace stoker::runs
