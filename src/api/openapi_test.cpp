#include <gtest/gtest.h>
#include <stdlib.h>

#include <set>

#include "api/http/http_server.hpp"
#include "api/router.hpp"
#include "api/schemas.hpp"
#include "io/file.hpp"

namespace stoker::api {
namespace {

// A route that does not say what it asks of a token is no route.
static_assert(!std::is_default_constructible_v<Route>);
static_assert(!std::is_constructible_v<Route, Method, std::string_view, Handler, const SpecInfo&, std::string_view>);

TEST(OpenApi, TheCheckedInDocumentComesFromTheRoutes) {
  const std::string path = STOKER_SOURCE_DIR "/docs/reference/openapi.json";
  const auto text = render_openapi();
  if (getenv("STOKER_ACCEPT") != nullptr) {
    ASSERT_TRUE(io::write_file_atomically(path, text, 0644));
    GTEST_SKIP() << "rewrote " << path;
  }
  const auto checked_in = io::read_file(path);
  ASSERT_TRUE(checked_in) << "STOKER_ACCEPT=1 writes it";
  EXPECT_TRUE(*checked_in == text) << "docs/reference/openapi.json is not what the routes say: STOKER_ACCEPT=1 rewrites it";
}

TEST(OpenApi, EveryReferenceIsThere) {
  std::set<std::string> names;
  for (const auto& schema : schemas()) names.emplace(schema.name);
  const auto text = render_openapi();
  constexpr std::string_view kMark = "#/components/schemas/";
  for (auto at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at + 1)) {
    const auto from = at + kMark.size();
    EXPECT_TRUE(names.contains(text.substr(from, text.find('"', from) - from))) << text.substr(from, 30);
  }
}

TEST(OpenApi, EveryPathParameterIsAField) {
  for (const auto& route : routes()) {
    std::set<std::string> fields;
    for (const auto& field : route.spec->fields)
      if (field.in == In::kPath) fields.insert(field.name);
    std::set<std::string> wanted;
    for (auto part : route.parts) {
      if (!part.starts_with('{')) continue;
      part.remove_prefix(1);
      wanted.emplace(part.substr(0, part.find_first_of(".}")));
    }
    EXPECT_EQ(fields, wanted) << route.pattern;
  }
}

}  // namespace
}  // namespace stoker::api
