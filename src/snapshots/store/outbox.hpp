#pragma once
// One thread's way to the server: collects objects, asks which of them are missing, compresses those into packs, sends the packs.
// Each thread has its own and waits for its own answers, so nothing is queued and memory stays bounded (about 35 MiB each).

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.hpp"
#include "snapshots/source/builder.hpp"
#include "snapshots/store/pack.hpp"

namespace stoker::snapshots {

struct SentTotals {
  std::atomic<std::uint64_t> objects{0};
  std::atomic<std::uint64_t> bytes{0};
};

class Outbox {
 public:
  /// Without a remote, objects are dropped: what remains is a buffer to hash in.
  Outbox(Remote* remote, SentTotals& totals);

  /// Room for `size` bytes (at most kMaxObject + 1), to be filled and then kept by add(), or left.
  Result<char*> room(std::size_t size);
  /// Keeps the first `size` bytes of the room as an object.
  void add(const Digest& digest, ObjectKind kind, std::size_t size);
  /// The same for bytes from elsewhere.
  Status add_copy(const Digest& digest, ObjectKind kind, std::string_view bytes);
  /// Sends everything that the server lacks.
  Status finish();

 private:
  struct Item {
    Digest digest;
    ObjectKind kind;
    std::uint32_t offset;
    std::uint32_t size;
  };
  Status pack_missing();
  Status send();
  Remote* remote_;
  SentTotals& totals_;
  std::unique_ptr<char[]> buffer_;
  std::size_t used_ = 0;
  std::vector<Item> items_;
  FrameWriter frames_;
};

}  // namespace stoker::snapshots
