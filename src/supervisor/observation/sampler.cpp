#include "supervisor/observation/sampler.hpp"

#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

#include "io/file.hpp"

namespace stoker::supervisor {
namespace {

constexpr std::chrono::seconds kEarly[] = {std::chrono::seconds(1), std::chrono::seconds(3), kSamplePeriod};

Look look_at(const SampleSource& source) {
  Look look;
  look.usage = usage_of_tree(source.keeper);
  if (!source.memory_file.empty()) {
    const auto text = io::read_file(source.memory_file, 64U << 10);
    if (text) look.group_memory = parse_group_memory(*text);
  }
  struct statvfs disk{};
  if (::statvfs(source.folder.c_str(), &disk) == 0) look.disk_bytes = (disk.f_blocks - disk.f_bfree) * disk.f_frsize;
  return look;
}

/// A process whose parent ignores its end is counted nowhere, so a sum may become less; a use never does.
std::uint64_t grown(std::uint64_t now, std::uint64_t before) { return now > before ? now - before : 0; }

}  // namespace

json::object sample_of(const Look& now, const Look& start, const Look* before, Duration elapsed) {
  static const auto ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  static const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  const auto seconds = std::chrono::duration<double>(elapsed).count();
  const auto ticks = before != nullptr ? grown(now.usage.cpu_ticks, before->usage.cpu_ticks) : 0;
  json::object values;
  values["cpu_percent"] = seconds > 0 ? 100.0 * static_cast<double>(ticks) / ticks_per_second / seconds : 0.0;
  values["cpu_seconds"] = static_cast<double>(grown(now.usage.cpu_ticks, start.usage.cpu_ticks)) / ticks_per_second;
  values["memory_bytes"] = now.group_memory ? *now.group_memory : grown(now.usage.resident, start.usage.resident) * page_bytes;
  values["disk_bytes"] = now.disk_bytes;
  values["read_bytes"] = grown(now.usage.read_bytes, start.usage.read_bytes);
  values["written_bytes"] = grown(now.usage.written_bytes, start.usage.written_bytes);
  return values;
}

Sampler::Sampler(SampleSource source, std::unique_ptr<GpuMeter> gpus, Journal& journal, const Clock& clock, io::Pool& pool)
    : source_(std::move(source)), gpus_(std::move(gpus)), journal_(journal), clock_(clock), pool_(pool), start_(look_at(source_)) {}

io::Task<void> Sampler::run() {
  const auto begun = clock_.monotonic();
  co_await look();
  for (const auto early : kEarly) {
    co_await io::sleep_for(begun + early - clock_.monotonic());
    co_await look();
  }
  // From the beginning, so that the times do not drift; a machine that slept goes on from now.
  for (auto next = begun + 2 * kSamplePeriod;; next = std::max<Duration>(next + kSamplePeriod, clock_.monotonic())) {
    co_await io::sleep_for(next - clock_.monotonic());
    co_await look();
  }
}

io::Task<void> Sampler::look() {
  auto work = [this] { return look_at(source_); };
  const auto now = co_await io::blocking(pool_, std::move(work));
  const auto at = clock_.monotonic();
  auto values = sample_of(now, start_, before_ ? &*before_ : nullptr, at - looked_at_);
  if (gpus_) gpus_->add_to(values);
  before_ = now;
  looked_at_ = at;
  journal_.append(protocol::SampleRecord{std::move(values)});
}

}  // namespace stoker::supervisor
