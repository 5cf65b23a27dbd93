#pragma once
// The metrics of one run: its file, where its blocks lie, and how far it is durable. Used by MetricStore, which hands one out per run.
// Readers of whole series work outside the lock on a descriptor that they share, so a chart of a million points delays no writer.

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "io/file.hpp"
#include "metrics/block.hpp"
#include "metrics/metric_store.hpp"

namespace stoker::metrics {

class RunMetrics {
 public:
  /// Nothing is opened or read yet.
  explicit RunMetrics(std::string path) : path_(std::move(path)) {}

  Status append(int attempt, std::span<const NumberedPoint> points);
  Status append_call(const std::string& writer, std::uint64_t sequence, std::span<const MetricPoint> points);
  Result<std::uint64_t> last_call(const std::string& writer);
  Status sync();
  Result<std::vector<Series>> read(const std::optional<std::string>& name, std::size_t max_points);
  Result<std::vector<MetricPoint>> tail(std::uint64_t from_index, std::size_t limit);
  Result<std::uint64_t> count();
  Status remove();

  bool can_forget() const { return !is_dirty_; }
  void close();

 private:
  struct Block {
    std::uint64_t offset = 0;
    std::uint64_t first_index = 0;
  };
  struct State {
    std::uint64_t end = kHeaderSize;  // of the last good block
    std::uint32_t version = kVersion;
    std::uint64_t attempt = 0;
    std::uint64_t last_seq = 0;
    std::unordered_map<std::string, std::uint64_t> calls;  // by writer, the last one
    std::uint64_t points = 0;
    std::vector<Block> blocks;
    Dictionary shapes;
    void take(const BlockInfo& info, std::uint64_t size);
    /// Back to where a call that is not whole began.
    void cut(std::size_t blocks, std::uint64_t shapes);
  };
  Status load();
  Status scan();
  Status open_for_writing();
  Status create();
  /// A block that is to be written.
  struct Planned {
    BlockInfo info;
    std::vector<const MetricPoint*> points;
  };
  Status write(const std::vector<Planned>& planned);
  Status upgrade();
  void roll_back(const Error& error, std::uint64_t end_seen);

  const std::string path_;
  std::mutex sync_mutex_;  // one sync at a time; taken before mutex_
  std::mutex mutex_;       // all that follows
  std::shared_ptr<io::Fd> file_;
  bool is_writable_ = false;
  bool is_loaded_ = false;
  bool exists_ = false;
  bool is_new_ = false;
  std::atomic<bool> is_dirty_ = false;        // read by can_forget() without the mutex
  std::optional<std::uint64_t> durable_end_;  // nullopt until it is opened for writing; then nothing beyond counts after a failed sync
  State state_;
  std::optional<Error> failure_;  // of a sync that took with it what was appended meanwhile
};

}  // namespace stoker::metrics
