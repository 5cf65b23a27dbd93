#pragma once
// "Did you mean": the nearest of the names that exist.

#include <span>
#include <string>
#include <string_view>

namespace stoker {

/// The candidate nearest to `wrong` by edit distance, empty when none is near (more than a third of its letters differ).
std::string nearest(std::string_view wrong, std::span<const std::string> candidates);
/// `did you mean "x"?` or empty.
std::string did_you_mean(std::string_view wrong, std::span<const std::string> candidates);

}  // namespace stoker
