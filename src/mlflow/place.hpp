#pragma once
// Where a request of the MLflow API goes: workspace, base, and the path below it. Pure. The one place of this API where
// percent-encoding is undone, once.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/path.hpp"
#include "base/result.hpp"

namespace stoker::mlflow {

/// Where the same path may lie: `/api/2.0`, `/ajax-api/2.0` (the web pages), their 3.0, or nowhere below any (`/health`). Bits.
enum class Base : std::uint8_t { kRest2 = 1, kAjax2 = 2, kRest3 = 4, kAjax3 = 8, kRoot = 16 };
constexpr Base operator|(Base a, Base b) { return static_cast<Base>(static_cast<std::uint8_t>(a) | static_cast<std::uint8_t>(b)); }
constexpr bool has(Base set, Base one) { return (static_cast<std::uint8_t>(set) & static_cast<std::uint8_t>(one)) != 0; }
inline constexpr Base kBoth2 = Base::kRest2 | Base::kAjax2;
inline constexpr Base kBoth3 = Base::kRest3 | Base::kAjax3;

struct Place {
  std::string workspace;  // of `/mlflow/<workspace>/…`; empty: the default one
  Base base = Base::kRoot;
  /// Below the base, decoded: {"mlflow", "runs", "get"}. Doubled slashes count as one.
  std::vector<std::string> segments;
  api::Query query;
};

/// Does the path belong to this API? Decides by the bytes, for every request of the server.
bool is_mlflow(std::string_view target);

/// kInvalidInput for broken percent-encoding, NUL, or bytes that are not UTF-8.
Result<Place> parse_place(std::string_view target);

}  // namespace stoker::mlflow
