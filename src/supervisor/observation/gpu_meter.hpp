#pragma once
// What the GPUs of a run are doing, as `nvidia-smi` tells it: one process of it for the whole run, that prints a line for each GPU and
// period. (NVIDIA's library cannot be loaded into a static program.) Without GPUs or without that program nothing is started.

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "io/file.hpp"

namespace stoker::supervisor {

class GpuMeter {
 public:
  /// `indices` as the machine counts them; `path` is where nvidia-smi is looked for.
  GpuMeter(const std::vector<int>& indices, const std::string& path, std::chrono::seconds period);
  ~GpuMeter();
  GpuMeter(const GpuMeter&) = delete;
  GpuMeter& operator=(const GpuMeter&) = delete;

  /// Adds `gpu_<index>_percent` and `gpu_<index>_memory_bytes` as they were told last. Does not wait.
  void add_to(json::object& values);

 private:
  struct Reading {
    double percent = 0;
    double memory_bytes = 0;
  };
  void take_lines();
  io::Fd output_;
  pid_t process_ = -1;
  std::string rest_;  // of a line that is not whole
  std::map<int, Reading> latest_;
};

/// `0, 87, 10240`: index, percent, MiB. False for any other line ("[N/A]", messages). Pure.
bool parse_gpu_line(std::string_view line, int& index, double& percent, double& memory_bytes);

}  // namespace stoker::supervisor
