#include "db/statements.hpp"

#include <array>

#include <gtest/gtest.h>

#include "db/embedded.hpp"

namespace stoker::db {
namespace {

TEST(ParseStatements, KeepsTheTextWithoutCommentsAndSemicolon) {
  const auto parsed = parse_statements("-- a file\n\n-- name: one\n-- why\nSELECT 1\n  FROM t;\n\n-- name: two\nSELECT 2;\n");
  ASSERT_TRUE(parsed) << parsed.error().to_line();
  ASSERT_EQ(parsed->size(), 2U);
  EXPECT_EQ((*parsed)[0].name, "one");
  EXPECT_EQ((*parsed)[0].sql, "SELECT 1\n  FROM t");
  EXPECT_EQ((*parsed)[1].sql, "SELECT 2");
}

TEST(ParseStatements, RefusesWhatHasNoNameNoEndOrTheSameName) {
  EXPECT_FALSE(parse_statements("SELECT 1;\n"));
  EXPECT_FALSE(parse_statements("-- name: one\nSELECT 1\n"));
  EXPECT_FALSE(parse_statements("-- name: one\n-- name: two\nSELECT 1;\n"));
  EXPECT_FALSE(parse_statements("-- name: one\nSELECT 1;\n-- name: one\nSELECT 2;\n"));
  EXPECT_FALSE(parse_statements("-- name:\nSELECT 1;\n"));
}

TEST(Spell, ReplacesWholeWordsOnly) {
  constexpr std::array kWords = {DialectWord{"ROW_KEY", "INTEGER"}, DialectWord{"EACH", "(SELECT % FROM x)"}, DialectWord{"GONE", ""}};
  EXPECT_EQ(spell("pk ROW_KEY, ROW_KEYS b, my_ROW_KEY c", kWords), "pk INTEGER, ROW_KEYS b, my_ROW_KEY c");
  EXPECT_EQ(spell("a IN EACH($1) AND b", kWords), "a IN (SELECT $1 FROM x) AND b");
  EXPECT_EQ(spell(") GONE;", kWords), ") ;");
}

TEST(Spell, LeavesQuotesAndCommentsAlone) {
  constexpr std::array kWords = {DialectWord{"ROW_KEY", "INTEGER"}};
  EXPECT_EQ(spell("'ROW_KEY' \"ROW_KEY\" -- ROW_KEY\nROW_KEY", kWords), "'ROW_KEY' \"ROW_KEY\" -- ROW_KEY\nINTEGER");
  EXPECT_EQ(spell("'it''s ROW_KEY' ROW_KEY 'open ROW_KEY", kWords), "'it''s ROW_KEY' INTEGER 'open ROW_KEY");
}

TEST(MakeSchema, WantsMigrationsWithoutGapAndNamesOnce) {
  const std::array files = {EmbeddedFile{"a", "-- name: one\nSELECT 1;"}, EmbeddedFile{"b", "-- name: one\nSELECT 2;"}};
  EXPECT_FALSE(make_schema(files, {}));
  const std::array gap = {EmbeddedFile{"0001_a", ""}, EmbeddedFile{"0003_b", ""}};
  EXPECT_FALSE(make_schema({}, gap));
  const std::array good = {EmbeddedFile{"0001_a", "x"}, EmbeddedFile{"0002_b", "y"}};
  const auto schema = make_schema({}, good);
  ASSERT_TRUE(schema);
  EXPECT_EQ(schema->migrations[1].number, 2);
}

}  // namespace
}  // namespace stoker::db
