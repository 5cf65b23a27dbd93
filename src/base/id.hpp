#pragma once
// Strong ids: a RunId is not a SnapshotId, though both are text.

#include <compare>
#include <functional>
#include <string>

namespace stoker {

template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }
  friend auto operator<=>(const Id&, const Id&) = default;
  friend bool operator==(const Id&, const Id&) = default;

 private:
  std::string text_;
};

}  // namespace stoker

template <class Tag>
struct std::hash<stoker::Id<Tag>> {
  std::size_t operator()(const stoker::Id<Tag>& id) const noexcept { return std::hash<std::string>{}(id.text()); }
};
