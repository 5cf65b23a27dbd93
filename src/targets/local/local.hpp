#pragma once
// The target `local`: this machine. A slot is a folder `<directory>/slot-<n>/` with one warm supervisor, started when the slot is first
// needed, detached, so that it outlives the server. The folder is all there is to know of a slot (slot.hpp).

#include <chrono>
#include <mutex>
#include <string>
#include <unordered_map>

#include "targets/local/slot.hpp"
#include "targets/target.hpp"

namespace stoker::targets {

class LocalTarget final : public Target {
 public:
  LocalTarget(Context context, Capacity capacity) : context_(std::move(context)), capacity_(std::move(capacity)) {}

  std::string_view kind() const override { return "local"; }
  json::object schema() const override;
  Capabilities capabilities() const override;
  Capacity capacity() const override { return capacity_; }
  io::Task<Status> probe() override;
  io::Task<Result<Handle>> submit(Plan plan) override;
  io::Task<Result<std::vector<Observation>>> observe(std::vector<Handle> handles) override;
  io::Task<Status> cancel(Handle handle, std::chrono::seconds grace) override;
  io::Task<Result<Handle>> recover(Handle handle) override;
  io::Task<Status> release(Handle handle) override;

 private:
  Slot slot(int number) const;
  Handle handle_of(int number) const;
  std::string id_of(int number) const;
  Observation look(const Handle& handle) const;
  Status start_again(int number);
  bool is_ours(const Handle& handle) const;

  Context context_;
  Capacity capacity_;
  std::mutex mutex_;  // one verb at a time touches the slots' processes; held on the pool, never on the loop
  /// Supervisors of a slot that were started again and died at once, in a row.
  struct Deaths {
    std::chrono::steady_clock::time_point last_start;
    int count = 0;
  };
  std::unordered_map<int, Deaths> deaths_;  // under mutex_
};

/// GPUs that this machine shows: device nodes of the NVIDIA driver.
int count_gpus(const std::string& devices = "/dev", const std::string& driver = "/proc/driver/nvidia/gpus");

Result<std::unique_ptr<Target>> make_local(Context context);

}  // namespace stoker::targets
