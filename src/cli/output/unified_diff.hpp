#pragma once
// What changed in a text, as `diff -u` shows it. Pure.

#include <string>
#include <string_view>

namespace stoker::cli {

/// Hunks with three lines around each change, without the two lines of file names; empty when the texts are equal. Lines end in `\n`; a last
/// line without one is marked as `diff` does. Shortest (Myers, An O(ND) difference algorithm, 1986) up to some thousand changed
/// lines; beyond that what is between the common beginning and the common end is replaced as a whole.
std::string unified_diff(std::string_view a, std::string_view b);

/// Bytes that are no text for people: with a NUL near the beginning, or not UTF-8.
bool is_binary(std::string_view bytes);

}  // namespace stoker::cli
