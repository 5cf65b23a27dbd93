// Every kind of environment through the same story. A kind that needs more than an empty specification says so in `example_of`.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "environments/environment.hpp"
#include "io/process.hpp"

namespace stoker::environments {
namespace {

const Variables kVariables = {{"PATH", "/usr/local/bin:/usr/bin:/bin"}, {"HOME", "/tmp"}, {"LOCAL_RANK", "3"}};

EnvironmentSpec example_of(const std::string& kind) {
  EnvironmentSpec spec;
  spec.kind = kind;
  return spec;
}

class EnvironmentContract : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!io::find_program("python3", path_of(kVariables))) GTEST_SKIP() << "no python3 on this machine";
  }
  const EnvironmentKind& kind() { return *find_environment_kind(GetParam()); }
  EnvironmentSpec spec_ = example_of(GetParam());
  Program script_{"train.py", {"--rank", "$LOCAL_RANK"}, {}, std::nullopt};
};

TEST_P(EnvironmentContract, SchemaDescribesEverySetting) {
  const auto schema = kind().schema();
  for (const auto& [name, property] : schema.at("properties").as_object()) EXPECT_TRUE(property.as_object().contains("description")) << name;
}

TEST_P(EnvironmentContract, UnknownSettingIsAMistakeWithItsPath) {
  spec_.settings["no_such_setting"] = 1;
  const auto refused = kind().validate(spec_, script_, kVariables);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kEnvironmentInvalid);
  EXPECT_EQ(refused.error().mistake_list().at(0).path, "environment.settings.no_such_setting");
  EXPECT_FALSE(kind().resolve(spec_, kVariables));
}

TEST_P(EnvironmentContract, LockIsVersionedAndTheSameEachTime) {
  ASSERT_TRUE(kind().validate(spec_, script_, kVariables));
  const auto first = kind().resolve(spec_, kVariables);
  ASSERT_TRUE(first) << first.error().to_line();
  const auto second = kind().resolve(spec_, kVariables);
  EXPECT_EQ(first->digest, second->digest);
  EXPECT_EQ(first->content.at("kind").as_string(), GetParam());
  EXPECT_GE(first->content.at("version").as_int64(), 1);
}

TEST_P(EnvironmentContract, PreparedTwiceIsPreparedOnce) {
  const auto lock = *kind().resolve(spec_, kVariables);
  const auto first = kind().prepare(lock, testing::TempDir());
  const auto second = kind().prepare(lock, testing::TempDir());
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->variables, second->variables);
  EXPECT_EQ(first->path_prefix, second->path_prefix);
}

TEST_P(EnvironmentContract, CommandsStartWithAnAbsoluteProgram) {
  const auto lock = *kind().resolve(spec_, kVariables);
  const auto variables = with_prepared(kVariables, *kind().prepare(lock, testing::TempDir()));
  const auto script = kind().command(lock, script_, variables, "/tmp");
  ASSERT_TRUE(script) << script.error().to_line();
  EXPECT_EQ(script->front().front(), '/');
  EXPECT_EQ((std::vector<std::string>(script->begin() + 1, script->end())), (std::vector<std::string>{"train.py", "--rank", "3"}));
  const auto shell = kind().command(lock, Program{std::nullopt, {}, {}, "echo $LOCAL_RANK"}, variables, "/tmp");
  EXPECT_EQ(shell->back(), "echo $LOCAL_RANK");
  const auto argv = kind().command(lock, Program{std::nullopt, {}, {"sh", "$LOCAL_RANK"}, std::nullopt}, variables, "/tmp");
  EXPECT_EQ(argv->front().front(), '/');
  EXPECT_EQ(argv->back(), "$LOCAL_RANK");
}

TEST_P(EnvironmentContract, DescribesItself) {
  const auto record = kind().describe(*kind().resolve(spec_, kVariables), kVariables);
  EXPECT_EQ(record.at("kind").as_string(), GetParam());
  EXPECT_TRUE(record.at("interpreter").is_string() || record.at("interpreter").is_null());
  EXPECT_TRUE(record.at("version").is_string() || record.at("version").is_null());
  for (const auto& package : record.at("packages").as_array()) EXPECT_FALSE(package.at("name").as_string().empty());
}

INSTANTIATE_TEST_SUITE_P(Kinds, EnvironmentContract, testing::ValuesIn(environment_kind_names()), [](const auto& info) {
  auto name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(Environments, UnknownKindIsNamedWithASuggestion) {
  EXPECT_EQ(find_environment_kind("nope"), nullptr);
  const auto refused = require_environment_kind("user-manged");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().hint_text().find("user-managed"), std::string::npos);
  EXPECT_TRUE(require_environment_kind("user-managed"));
}

TEST(Environments, VariablesAreReplacedAsInOsPathExpandvars) {
  const Variables variables = {{"A", "1"}, {"AB", "2"}, {"S", "a b $A"}};
  const auto expand = [&](std::string_view text) { return expand_variables(text, variables); };
  EXPECT_EQ(expand("$A"), "1");
  EXPECT_EQ(expand("$AB-$A"), "2-1");
  EXPECT_EQ(expand("${A}B"), "1B");
  EXPECT_EQ(expand("$S"), "a b $A");
  EXPECT_EQ(expand("$UNKNOWN ${UNKNOWN} ${A"), "$UNKNOWN ${UNKNOWN} ${A");
  EXPECT_EQ(expand("5$ $$ $1 ${} x$"), "5$ $$ $1 ${} x$");
  EXPECT_EQ(expand(""), "");
}

TEST(Environments, LaterLayersOfVariablesWin) {
  RunSpec spec;
  spec.inherited = {{"PATH", "/bin"}, {"A", "inherited"}, {"B", "inherited"}};
  spec.environment.variables = {{"A", "environment"}, {"B", "environment"}};
  spec.environment_variables = {{"B", "run"}};
  EXPECT_EQ(variables_of(spec), (Variables{{"PATH", "/bin"}, {"A", "environment"}, {"B", "run"}}));
  EXPECT_EQ(with_prepared({{"PATH", "/bin"}}, Prepared{{{"X", "1"}}, {"/a", "/b"}}), (Variables{{"PATH", "/a:/b:/bin"}, {"X", "1"}}));
}

TEST(Environments, DigestOfALockDoesNotDependOnTheOrderOfKeys) {
  EXPECT_EQ(make_lock({{"a", 1}, {"b", {{"c", 2}, {"d", 3}}}}).digest, make_lock({{"b", {{"d", 3}, {"c", 2}}}, {"a", 1}}).digest);
  EXPECT_NE(make_lock({{"a", json::array{1, 2}}}).digest, make_lock({{"a", json::array{2, 1}}}).digest);
}

}  // namespace
}  // namespace stoker::environments
