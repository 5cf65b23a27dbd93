#include "catalog/tracking/candidate.hpp"

namespace stoker::catalog {
namespace {

int compare(const SortValue& a, const SortValue& b, bool ascending) {
  if (a.of != b.of) return a.of < b.of ? -1 : 1;
  if (a.of != SortValue::Class::kValue) return 0;
  int order = a.text.compare(b.text);
  if (a.number < b.number) order = -1;
  else if (a.number > b.number) order = 1;
  return ascending ? order : -order;
}

}  // namespace

bool comes_before(const Candidate& a, const Candidate& b, std::span<const search::Order> order) {
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (const int decided = compare(a.sort[i], b.sort[i], order[i].ascending); decided != 0) return decided < 0;
  }
  if (a.start != b.start) return a.start > b.start;
  return a.id < b.id;
}

}  // namespace stoker::catalog
