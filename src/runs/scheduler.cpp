#include "runs/scheduler.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace stoker::runs {
namespace {

std::string amount(int count, std::string_view one) { return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s"); }

std::string shortage(std::string_view what, int wanted, int all, int used, const std::string& users) {
  std::string text = fmt::format("waits for {}: {} of {} are used", amount(wanted, what), used, all);
  if (!users.empty()) text += " by " + users;
  return text;
}

/// What is left while starts are being decided; the usage itself is not changed.
struct Left {
  const targets::Capacity& capacity;
  const Usage& usage;
  int cpus_taken = 0;
  std::size_t next_gpu = 0;  // index into capacity.gpus
  int next_slot = 0;

  int free_cpus() const { return capacity.cpus - usage.cpus() - cpus_taken; }
  std::optional<std::vector<int>> gpus(int count) {
    std::vector<int> picked;
    std::size_t at = next_gpu;
    for (; at < capacity.gpus.size() && static_cast<int>(picked.size()) < count; ++at) {
      if (!usage.has_gpu(capacity.gpus[at])) picked.push_back(capacity.gpus[at]);
    }
    if (static_cast<int>(picked.size()) < count) return std::nullopt;
    next_gpu = at;
    return picked;
  }
  int slot() {
    while (usage.has_slot(next_slot)) ++next_slot;
    return next_slot++;
  }
};

}  // namespace

bool Queue::push(Waiting waiting) {
  if (!order_of_.emplace(waiting.run, waiting.order).second) return false;
  const auto order = waiting.order;
  line_.emplace(order, std::move(waiting));
  return true;
}

bool Queue::remove(const RunId& run) {
  const auto at = order_of_.find(run);
  if (at == order_of_.end()) return false;
  line_.erase(at->second);
  order_of_.erase(at);
  return true;
}

std::optional<std::int64_t> Queue::ahead_of(const RunId& run) const {
  const auto at = order_of_.find(run);
  if (at == order_of_.end()) return std::nullopt;
  return std::distance(line_.begin(), line_.find(at->second));
}

bool Usage::take(Taken taken) {
  if (taken_.contains(taken.run)) return false;
  cpus_ += taken.resources.cpus;
  gpus_.insert(taken.gpu_indices.begin(), taken.gpu_indices.end());
  slots_.insert(taken.slot);
  auto run = taken.run;
  taken_.emplace(std::move(run), std::move(taken));
  return true;
}

void Usage::free(const RunId& run) {
  const auto at = taken_.find(run);
  if (at == taken_.end()) return;
  cpus_ -= at->second.resources.cpus;
  for (const int gpu : at->second.gpu_indices) gpus_.erase(gpu);
  slots_.erase(at->second.slot);
  taken_.erase(at);
}

std::string Usage::users(bool of_gpus) const {
  constexpr std::size_t kNamed = 3;
  std::vector<std::string> names;
  for (const auto& [run, taken] : taken_) {
    if (!of_gpus || !taken.gpu_indices.empty()) names.push_back(run.text());
  }
  std::ranges::sort(names);
  std::string text;
  for (std::size_t i = 0; i < std::min(kNamed, names.size()); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kNamed) text += fmt::format(" and {} more", names.size() - kNamed);
  return text;
}

Decision schedule(const Queue& queue, const targets::Capacity& capacity, const Usage& usage, std::size_t limit) {
  Decision decision;
  Left left{.capacity = capacity, .usage = usage};
  const auto gpus = static_cast<int>(capacity.gpus.size());
  for (auto at = queue.line().begin(); at != queue.line().end() && decision.starts.size() < limit; ++at) {
    const auto& waiting = at->second;
    const auto& wanted = waiting.resources;
    if (wanted.cpus > left.free_cpus()) {
      decision.head_waits = shortage("CPU slot", wanted.cpus, capacity.cpus, capacity.cpus - left.free_cpus(), usage.users(false));
      break;
    }
    auto picked = left.gpus(wanted.gpus);
    if (!picked) {
      int used = usage.gpus();
      for (const auto& start : decision.starts) used += static_cast<int>(start.gpu_indices.size());
      decision.head_waits = shortage("GPU", wanted.gpus, gpus, used, usage.users(true));
      break;
    }
    left.cpus_taken += wanted.cpus;
    decision.starts.push_back(
        {.run = waiting.run, .order = waiting.order, .resources = wanted, .gpu_indices = std::move(*picked), .slot = left.slot()});
  }
  return decision;
}

void check_fits(const Resources& resources, const targets::Capacity& capacity, const std::string& target, const std::string& path,
                std::vector<Mistake>& mistakes) {
  const auto gpus = static_cast<int>(capacity.gpus.size());
  if (resources.cpus > capacity.cpus)
    mistakes.push_back({path + ".cpus",
                        fmt::format("{} asked for, and the target \"{}\" has {} in all", amount(resources.cpus, "CPU slot"), target, capacity.cpus)});
  if (resources.gpus > gpus)
    mistakes.push_back({path + ".gpus", fmt::format("{} asked for, and the target \"{}\" has {}", amount(resources.gpus, "GPU"), target,
                                                    gpus == 0 ? "none" : fmt::format("{} in all", gpus))});
}

}  // namespace stoker::runs
