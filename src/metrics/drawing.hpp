#pragma once
// A series in few buckets: pieces come in order, neighbours are merged whenever there are twice too many, so the memory is that of the
// answer and no extremum is lost.

#include <vector>

#include "metrics/metric_store.hpp"
#include "metrics/run_view.hpp"

namespace stoker::metrics {

Bucket bucket_of(const Drawn& point);
/// `next` follows.
void merge(Bucket& bucket, const Bucket& next);

class Drawer {
 public:
  explicit Drawer(std::size_t most) : most_(most) {}
  void add(const Bucket& piece);
  Drawing finish();

 private:
  void halve();
  const std::size_t most_;
  std::uint64_t width_ = 1;  // a bucket with so many points is full
  std::vector<Bucket> buckets_;
};

Result<Drawing> draw_scalar(const RunView& view, const std::string& name, std::size_t buckets, const DrawRange& range);

}  // namespace stoker::metrics
