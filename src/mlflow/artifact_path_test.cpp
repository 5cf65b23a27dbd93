#include "mlflow/artifact_path.hpp"

#include <gtest/gtest.h>

#include "mlflow/registry_names.hpp"

namespace stoker::mlflow {
namespace {

TEST(ArtifactPath, WhatIsHarmlessIsCleaned) {
  const std::pair<std::string_view, std::string_view> kCases[] = {{"", ""},
                                                                  {".", ""},
                                                                  {"./", ""},
                                                                  {"a/b", "a/b"},
                                                                  {"a//b/", "a/b"},
                                                                  {"./a/./b", "a/b"},
                                                                  {"a b.txt", "a b.txt"},
                                                                  {"...", "..."},
                                                                  {"..a", "..a"},
                                                                  {"100%.txt", "100%.txt"},
                                                                  {"a%20b", "a%20b"},
                                                                  {"a;b", "a;b"},
                                                                  {"\xC3\xA9", "\xC3\xA9"},
                                                                  {"ab:c", "ab:c"}};
  for (const auto& [path, clean] : kCases) {
    const auto checked = check_artifact_path(path);
    ASSERT_TRUE(checked) << path;
    EXPECT_EQ(*checked, clean);
  }
}

TEST(ArtifactPath, WhatLeavesItsPlaceIsRefusedHoweverItIsWritten) {
  for (const std::string_view path : {"..",
                                      "../a",
                                      "a/..",
                                      "a/../b",
                                      "/a",
                                      "//a",
                                      "\\a",
                                      "a\\..\\b",
                                      "C:a",
                                      "c:/a",
                                      "a#b",
                                      "%2e%2e/a",
                                      "%252e%252e/a",
                                      "%25252e./a",
                                      "a/..%2fb",
                                      "..;/a",
                                      "..;x=1/a",
                                      ".. /a",
                                      "%2fa",
                                      "%252fa",
                                      "%5ca",
                                      "a%00b",
                                      "a%23b",
                                      "a\nb",
                                      "\xE2\x80\xA5/a",
                                      "\xEF\xBC\x8E\xEF\xBC\x8E/a",
                                      "\xC0\xAE\xC0\xAE/a",
                                      "%c0%ae%c0%ae/a",
                                      "\xFF"}) {
    const auto checked = check_artifact_path(path);
    ASSERT_FALSE(checked) << path;
    EXPECT_EQ(checked.error().message(), "Invalid path");
  }
  std::string deep = "..";
  for (int i = 0; i < 40; ++i) {
    std::string encoded;
    for (const char c : deep) encoded += c == '%' ? "%25" : std::string(1, c);
    deep = i == 0 ? "%2e%2e" : encoded;
  }
  EXPECT_FALSE(check_artifact_path(deep));
  EXPECT_FALSE(check_artifact_path(std::string(5000, 'a')));
}

TEST(ArtifactPath, OurOwnUris) {
  EXPECT_EQ(own_artifact_path("mlflow-artifacts:/1/r/artifacts"), "1/r/artifacts");
  EXPECT_EQ(own_artifact_path("mlflow-artifacts://host:5000/1/r"), "1/r");
  EXPECT_EQ(own_artifact_path("http://h/mlflow/w/api/2.0/mlflow-artifacts/artifacts/1/r"), "1/r");
  EXPECT_EQ(own_artifact_path("s3://b/p"), std::nullopt);
  EXPECT_EQ(own_artifact_path("mlflow-artifacts:/../x"), std::nullopt);
}

TEST(ArtifactPath, NamesOfDownloadsHoldNoHeaderOfTheirOwn) {
  EXPECT_EQ(attachment_of("a/b.txt"), "attachment; filename=b.txt");
  EXPECT_EQ(attachment_of("a b\".txt"), "attachment; filename=\"a b_.txt\"; filename*=UTF-8''a%20b%22.txt");
  EXPECT_EQ(attachment_of("a\r\nX: y").find('\n'), std::string::npos);
}

TEST(RegistryNames, KeysAreWhatMlflowTakes) {
  for (const auto* key : {"a/b", "a b", "a:b", ".x", "\xC3\xA9", "a.b-c_d"}) EXPECT_TRUE(check_registry_tag(key, "")) << key;
  for (const auto* key : {"a//b", "a/", "./a", "a/../b", "/abs", "..", "...x", "", "a;b", "a,b"}) EXPECT_FALSE(check_registry_tag(key, "")) << key;
}

}  // namespace
}  // namespace stoker::mlflow
