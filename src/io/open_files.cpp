#include "io/open_files.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "base/digest.hpp"
#include "base/json.hpp"

namespace stoker::io {
namespace {

constexpr std::size_t kLongestName = 200;  // of 255, so that suffixes fit

bool is_plain(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-'; }

}  // namespace

Result<std::string> sharded_stem(const std::string& root, const std::string& id) {
  const bool good = !id.empty() && id.front() != '.' && std::ranges::all_of(id, is_plain);
  if (!good)
    return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" cannot name a file of a run", to_valid_utf8(std::string_view(id).substr(0, 300))));
  const auto hex = sha256(std::string_view(id)).hex();
  const auto name = id.size() <= kLongestName ? id : id.substr(0, kLongestName - 17) + "-" + hex.substr(0, 16);
  return fmt::format("{}/{}/{}", root, hex.substr(0, 2), name);
}

}  // namespace stoker::io
