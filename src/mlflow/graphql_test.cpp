#include <gtest/gtest.h>

#include <fmt/format.h>

#include "mlflow/graphql_document.hpp"

namespace stoker::mlflow::graphql {
namespace {

std::string shape(const std::vector<Selection>& fields) {
  std::string text;
  for (const auto& field : fields) {
    text += (text.empty() ? "" : " ") + (field.alias == field.name ? field.name : field.alias + ":" + field.name);
    if (!field.arguments.empty()) text += json::serialize(field.arguments);
    if (!field.fields.empty()) text += "{" + shape(field.fields) + "}";
  }
  return text;
}

std::string parsed(std::string_view document, const std::string& operation = "", const json::object& variables = {}) {
  const auto roots = parse(document, operation, variables);
  return roots ? shape(*roots) : "error: " + roots.error().message();
}

TEST(GraphqlDocument, WhatThePagesSend) {
  EXPECT_EQ(parsed("query GetRun($data: MlflowGetRunInput!) @component(name: \"Run\") {\n  mlflowGetRun(input: $data) { apiError { code } run { info "
                   "{ runName ...I } } } }\n"
                   "fragment I on MlflowRunInfo { status, runUuid __typename }",
                   "GetRun", {{"data", {{"runId", "r"}}}}),
            "mlflowGetRun{\"input\":{\"runId\":\"r\"}}{apiError{code} run{info{runName status runUuid __typename}}}");
  EXPECT_EQ(parsed("{ a: test(inputString: \"x\\n\") { output } b: f(l: [1, 2.5, E], o: {k: true, n: null}) }"),
            "a:test{\"inputString\":\"x\\n\"}{output} b:f{\"l\":[1,2.5E0,\"E\"],\"o\":{\"k\":true,\"n\":null}}");
  EXPECT_EQ(parsed("query ($n: Int = 5) { f(n: $n) { ... on T { x } } } # end"), "f{\"n\":5}{x}");
}

TEST(GraphqlDocument, WhatIsNoneOrTooMuch) {
  for (const std::string_view document : {"", "{", "{ f(", "{ f(a: }", "query", "{ ...X }", "subscription { f }",
                                          "{ f { ...F } } fragment F on T { g { ...F } }", "{ \"x\" }", "}", "{ f(a: \"x) }"})
    EXPECT_FALSE(parse(document, "", {})) << document;
  EXPECT_FALSE(parse("query A { a } query B { b }", "", {}));
  EXPECT_EQ(parsed("query A { a } query B { b }", "B"), "b");
  EXPECT_FALSE(parse("query A { a }", "C", {}));
  std::string deep = "a", wide;
  for (int i = 0; i < 12; ++i) deep = "a { " + deep + " }";
  for (int i = 0; i < 1001; ++i) wide += fmt::format("f{} ", i);
  EXPECT_FALSE(parse("{ " + deep + " }", "", {}));
  EXPECT_FALSE(parse("{ a { " + wide + " } }", "", {}));
  EXPECT_FALSE(parse("{ " + wide + " }", "", {}));
  EXPECT_FALSE(parse("{ f(a: " + std::string(100000, '[') + ") }", "", {}));
}

}  // namespace
}  // namespace stoker::mlflow::graphql
