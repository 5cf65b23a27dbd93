#include "runs/secrets/mask.hpp"

#include <algorithm>

namespace stoker::runs {
namespace {

void add_byte(std::vector<Blot>& blots, std::uint64_t offset) {
  if (!blots.empty() && blots.back().offset + blots.back().length == offset) ++blots.back().length;
  else blots.push_back({offset, 1});
}

}  // namespace

void Trail::add(const std::string& data, std::uint64_t offset, std::size_t keep) {
  const auto skip = data.size() > keep ? data.size() - keep : 0;
  for (std::size_t i = skip; i < data.size(); ++i) {
    text_.push_back(data[i]);
    offsets_.push_back(offset + i);
  }
  if (text_.size() <= keep) return;
  const auto gone = text_.size() - keep;
  text_.erase(0, gone);
  offsets_.erase(offsets_.begin(), offsets_.begin() + static_cast<std::ptrdiff_t>(gone));
}

Mask::Mask(std::vector<std::string> values) : values_(std::move(values)) {
  std::erase_if(values_, [](const std::string& value) { return value.size() < kShortest; });
  for (const auto& value : values_) longest_ = std::max(longest_, value.size());
}

std::vector<Blot> Mask::apply(std::string& data, std::uint64_t offset, Trail& trail) const {
  std::vector<Blot> blots;
  if (values_.empty()) return blots;
  const auto before = trail.text().size();
  const auto text = trail.text() + data;
  std::vector<bool> hidden(text.size(), false);
  for (const auto& value : values_) {
    for (auto at = text.find(value); at != std::string::npos; at = text.find(value, at + 1)) {
      if (at + value.size() > before) std::fill_n(hidden.begin() + static_cast<std::ptrdiff_t>(at), value.size(), true);
    }
  }
  for (std::size_t i = 0; i < before; ++i)
    if (hidden[i]) add_byte(blots, trail.offset_of(i));
  trail.add(data, offset, longest_ - 1);
  for (std::size_t i = before; i < text.size(); ++i)
    if (hidden[i]) data[i - before] = '*';
  return blots;
}

}  // namespace stoker::runs
