// How many decisions a second with many runs waiting: one is "what ended is freed, the next one starts".
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "runs/scheduler.hpp"

namespace stoker::runs {
namespace {

void decide(benchmark::State& state) {
  const targets::Capacity capacity{.cpus = 16, .gpus = {}};
  Queue queue;
  Usage usage;
  std::uint64_t next = 0;
  const auto submit = [&] {
    const auto number = next++;
    queue.push({.order = number, .run = RunId(fmt::format("default_1700000000_{:08x}", number)), .resources = {}});
  };
  for (std::int64_t i = 0; i < state.range(0); ++i) submit();
  std::vector<RunId> placed;
  for (auto _ : state) {
    for (auto& start : schedule(queue, capacity, usage).starts) {
      queue.remove(start.run);
      placed.push_back(start.run);
      usage.take(std::move(start));
      submit();
    }
    usage.free(placed.back());
    placed.pop_back();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(decide)->Arg(100)->Arg(100'000);

}  // namespace
}  // namespace stoker::runs
