#include "mlflow/place.hpp"

#include <gtest/gtest.h>

namespace stoker::mlflow {
namespace {

TEST(PlaceTest, KnowsItsOwnPaths) {
  for (const std::string_view own : {"/api/2.0/mlflow/runs/get?run_id=1", "//api//2.0/mlflow/runs/get", "/ajax-api/3.0/x", "/health", "/version",
                                     "/graphql", "/get-artifact?path=a", "/mlflow/team/api/2.0/mlflow/runs/get"})
    EXPECT_TRUE(is_mlflow(own)) << own;
  for (const std::string_view other : {"/api/v1/runs", "/healthz", "/", "/api", "/mlflows/x"}) EXPECT_FALSE(is_mlflow(other)) << other;
}

TEST(PlaceTest, SplitsWorkspaceBaseAndPath) {
  const auto place = parse_place("/mlflow/team%20a//ajax-api/2.0/mlflow/logged-models/m-1/tags/a%2Fb?x=%41+b").value();
  EXPECT_EQ(place.workspace, "team a");
  EXPECT_EQ(place.base, Base::kAjax2);
  EXPECT_EQ(place.segments, (std::vector<std::string>{"mlflow", "logged-models", "m-1", "tags", "a/b"}));
  EXPECT_EQ(place.query, (api::Query{{"x", "A b"}}));
}

TEST(PlaceTest, ASlashAtTheEndIsAnotherPath) {
  EXPECT_EQ(parse_place("/api/2.0/mlflow/runs/get/").value().segments.back(), "");
  EXPECT_EQ(parse_place("/health").value().base, Base::kRoot);
}

TEST(PlaceTest, RefusesBrokenEscapesAndNul) {
  for (const std::string_view wrong : {"/api/2.0/%zz", "/api/2.0/a%00", "/api/2.0/%ff", "/health?x=%"}) EXPECT_FALSE(parse_place(wrong)) << wrong;
}

}  // namespace
}  // namespace stoker::mlflow
