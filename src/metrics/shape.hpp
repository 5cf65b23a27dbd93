#pragma once
// What the points of one series share, and where a point of MLflow came from; both numbered in the order in which they first occur.

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "domain/metric.hpp"
#include "metrics/bytes.hpp"

namespace stoker::metrics {

struct Shape {
  std::string name;
  MetricKind kind = MetricKind::kScalar;
  std::vector<std::string> columns;
  friend bool operator==(const Shape&, const Shape&) = default;
};

/// The model and the dataset of a point (MLflow 3).
struct Context {
  std::string model_id, dataset_name, dataset_digest;
  bool is_empty() const { return model_id.empty() && dataset_name.empty() && dataset_digest.empty(); }
  friend bool operator==(const Context&, const Context&) = default;
};

void put_shape(std::string& out, const Shape& shape);
bool read_shape(Cursor& cursor, Shape& shape);
void put_context(std::string& out, const Context& context);
bool read_context(Cursor& cursor, Context& context);

/// Numbers shapes, from 0.
class Dictionary {
 public:
  std::uint32_t size() const { return static_cast<std::uint32_t>(shapes_.size()); }
  const Shape& at(std::uint32_t number) const { return shapes_[number]; }
  const std::vector<Shape>& all() const { return shapes_; }
  std::optional<std::uint32_t> find(const Shape& shape) const;
  /// The number of the shape, a new one when it was not there.
  std::uint32_t number_of(const Shape& shape);
  /// The same for the shape of a point; quick where points come in the same order again and again.
  std::uint32_t number_of(const MetricPoint& point);
  /// Forgets all but the first `size`.
  void cut(std::uint32_t size);

 private:
  template <class Named>
  std::optional<std::uint32_t> look_up(const Named& named) const;
  std::uint32_t add(Shape shape);

  std::vector<Shape> shapes_;
  std::unordered_multimap<std::size_t, std::uint32_t> numbers_;  // by hash of the name
  std::uint32_t expected_ = 0;
};

}  // namespace stoker::metrics
