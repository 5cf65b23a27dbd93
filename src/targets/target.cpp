#include "targets/target.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/suggest.hpp"
#include "target_pages.hpp"

namespace stoker::targets {

#define STOKER_KIND(name) Result<std::unique_ptr<Target>> make_##name(Context context);
#include "targets/kinds.inc"
#undef STOKER_KIND

namespace {
constexpr std::int64_t kHandleVersion = 1;
}

Result<Handle> parse_handle(const json::value& value) {
  std::vector<Mistake> mistakes;
  FieldReader fields(value, "handle", mistakes);
  fields.ignore_unknown();
  Handle handle;
  const auto version = fields.integer("version", 1, 1'000'000);
  handle.supervisor_id = fields.text("supervisor");
  handle.slot = static_cast<int>(fields.integer("slot", 0, 1'000'000));
  if (!mistakes.empty()) return Error(ErrorCode::kDataFormat, "the stored place of a run cannot be read").mistakes(std::move(mistakes));
  if (version > kHandleVersion)
    return Error(ErrorCode::kDataFormat, fmt::format("the stored place of a run has version {}, written by a newer stoker", version));
  handle.value = value;
  return handle;
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all = [] {
    std::vector<Kind> list;
#define STOKER_KIND(name) list.push_back({#name, make_##name});
#include "targets/kinds.inc"
#undef STOKER_KIND
    std::ranges::sort(list, {}, &Kind::name);
    return list;
  }();
  return all;
}

Result<Kind> require_kind(std::string_view name) {
  std::vector<std::string> names;
  for (const auto& kind : kinds()) {
    if (kind.name == name) return kind;
    names.emplace_back(kind.name);
  }
  auto hint = did_you_mean(name, names);
  return Error(ErrorCode::kNotFound, fmt::format("there is no kind of target \"{}\"", name))
      .hint(hint.empty() ? fmt::format("the kinds are: {}", fmt::join(names, ", ")) : hint);
}

std::string_view help_of(const Kind& kind) {
  const auto file = fmt::format("{}.md", kind.name);
  for (const auto& [name, text] : target_pages())
    if (name == file) return text;
  return {};
}

}  // namespace stoker::targets
