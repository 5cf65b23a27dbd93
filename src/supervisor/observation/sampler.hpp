#pragma once
// Looks at what a run uses, from its start to its end, and writes a record each time: at once, after 1 and 3 seconds, then every ten.
// A look costs well below a millisecond for a run of a few processes (README.md has numbers).

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "io/task.hpp"
#include "supervisor/journal/journal.hpp"
#include "supervisor/observation/gpu_meter.hpp"
#include "supervisor/observation/usage.hpp"

namespace stoker::supervisor {

inline constexpr std::chrono::seconds kSamplePeriod{10};

/// What is looked at.
struct SampleSource {
  pid_t keeper = 0;
  std::string memory_file;  // memory.stat of the run's own control group; empty: resident memory is summed instead
  std::string folder;       // on the disk that is told of
};

/// The values of one look. `before` is the look before it, `elapsed` the time since; none for the first. Pure.
struct Look {
  ProcessUsage usage;
  std::optional<std::uint64_t> group_memory;
  std::uint64_t disk_bytes = 0;
};
json::object sample_of(const Look& now, const Look& start, const Look* before, Duration elapsed);

class Sampler {
 public:
  /// Before the first process of the run is started: what the keeper has used so far is not the run's.
  Sampler(SampleSource source, std::unique_ptr<GpuMeter> gpus, Journal& journal, const Clock& clock, io::Pool& pool);
  /// Until cancelled.
  io::Task<void> run();
  /// After run(), with no process left: what they used in all. Also the only sample of a run of some milliseconds.
  io::Task<void> finish() { return look(); }

 private:
  io::Task<void> look();
  SampleSource source_;
  std::unique_ptr<GpuMeter> gpus_;
  Journal& journal_;
  const Clock& clock_;
  io::Pool& pool_;
  Look start_;
  std::optional<Look> before_;
  Duration looked_at_{};
};

}  // namespace stoker::supervisor
