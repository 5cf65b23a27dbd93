// The vectors of mlflow-rest, appendix A: what parses, what is refused, and in which words.
#include "search/filter.hpp"

#include <gtest/gtest.h>

#include "search/like.hpp"

namespace stoker::search {
namespace {

constexpr std::string_view kGood[] = {R"~(metrics.acc > 0.6)~",
                                      R"~(metric.acc >= 0.5)~",
                                      R"~(metrics.acc != 0.9)~",
                                      R"~(metrics.acc = .5)~",
                                      R"~(metrics.acc > -2)~",
                                      R"~(metrics.acc > 1e-3)~",
                                      R"~(metrics.inf > 1)~",
                                      R"~(metrics.acc>0.6 AND params.lr='0.1')~",
                                      R"~(metrics.loss = 0)~",
                                      R"~(metrics.`my metric` = 1)~",
                                      R"~(metrics.'my metric' = 1)~",
                                      R"~(params.lr = "0.1")~",
                                      R"~(params."a b" = 'x')~",
                                      R"~(param.Model = 'cnn')~",
                                      R"~(parameters.Model LIKE 'c%')~",
                                      R"~(parameter.Model ILIKE 'c%')~",
                                      R"~(params.Model like 'C%')~",
                                      R"~(params.lr LIKE '0._')~",
                                      R"~(params.lr LIKE '0.1\%')~",
                                      R"~(tags."k-1" = 'v')~",
                                      R"~(tags.env = "it's")~",
                                      R"~(tags.env = 'it''s')~",
                                      R"~(tags.env IS NULL)~",
                                      R"~(params.Model IS NULL AND tags.env is not null)~",
                                      R"~(status = 'FINISHED')~",
                                      R"~(attr.status = 'FINISHED')~",
                                      R"~(run.status = 'x')~",
                                      R"~(attributes.created = 100)~",
                                      R"~(end_time != 500)~",
                                      R"~(start_time > 150.5)~",
                                      R"~(attributes."run name" = 'A')~",
                                      R"~(run_name ILIKE 'a')~",
                                      R"~(run_id IN ('a', 'b'))~",
                                      R"~(run_id NOT IN ('a'))~",
                                      R"~(run_id IN ('a', ))~",
                                      R"~(run_id IN ("a"))~",
                                      R"~(tags.mlflow.runName = 'A')~",
                                      R"~(tags.`mlflow.runName` = 'A')~",
                                      R"~(dataset.name = 'DS1')~",
                                      R"~(dataset.name NOT IN ('ds2','ds_3'))~",
                                      R"~(dataset.name='DS1' AND dataset.context='test')~",
                                      R"~(params.lr = '0.1' AND)~",
                                      R"~(AND params.lr = '0.1')~",
                                      R"~(params.order = '1')~",
                                      R"~(metrics.count > 1)~",
                                      R"~(params.end = '1')~",
                                      R"~(metrics.1acc > 1)~",
                                      R"~(tags.env = '')~",
                                      R"~(metrics.a.b.c > 1)~",
                                      R"~(metrics.acc
>	1)~",
                                      R"~(start_time >= 200 and start_time < 300)~",
                                      R"~(metrics.acc > 1E2)~",
                                      R"~(params.größe = 'ß')~"};
constexpr std::string_view kBad[] = {R"~(metrics.acc > - 2)~",
                                     R"~(metrics.acc > +0.1)~",
                                     R"~(metrics.acc > '0.1')~",
                                     R"~(metrics.acc > inf)~",
                                     R"~(metrics.acc > NaN)~",
                                     R"~(metrics.acc > 0x1)~",
                                     R"~(metrics.acc > 1_000)~",
                                     R"~(metrics.acc > 1 OR metrics.acc < 0)~",
                                     R"~(NOT metrics.acc > 1)~",
                                     R"~((metrics.acc > 0.1))~",
                                     R"~(params.lr = 0.1)~",
                                     R"~(params.lr = lr)~",
                                     R"~(params.lr > '0')~",
                                     R"~(params.Model NOT LIKE 'C%')~",
                                     R"~(params.Model IN ('CNN'))~",
                                     R"~(status IN ('FINISHED'))~",
                                     R"~(run_name IN ('A'))~",
                                     R"~(run_id IN ())~",
                                     R"~(run_id IN (abc))~",
                                     R"~(run_id IN 'abc')~",
                                     R"~(metrics.acc IS NULL)~",
                                     R"~(dataset.name IS NULL)~",
                                     R"~(dataset.name > 'a')~",
                                     R"~(dataset.source = 'x')~",
                                     R"~(start_time > '150')~",
                                     R"~(attributes.lifecycle_stage = 'active')~",
                                     R"~(attributes.experiment_id = '1')~",
                                     R"~(foo.bar = 'x')~",
                                     R"~(METRICS.acc > 1)~",
                                     R"~(metrics . acc > 1)~",
                                     R"~('abc' = params.lr)~",
                                     R"~(params.lr = '0.1';)~",
                                     R"~(params.lr = '0.1'; params.lr = '2')~",
                                     R"~(params.lr '0.1')~",
                                     R"~(params.lr =)~",
                                     R"~(params.lr = 'a', params.b = 'c')~",
                                     R"~(metrics.acc == 1)~",
                                     R"~(metrics.acc <> 1)~",
                                     R"~(metrics.acc > 1 -- comment)~",
                                     R"~(params.lr = '0.1)~",
                                     R"~(metrics.acc BETWEEN 1 AND 2)~",
                                     R"~(metrics.acc > 1 && metrics.acc < 2)~",
                                     R"~(metrics.m/x > 1)~",
                                     R"~(metrics.m:x > 1)~",
                                     R"~(garbage)~",
                                     R"~( )~",
                                     R"~(tags.k-1 = 'v')~",
                                     R"~("metrics.acc" > 1)~",
                                     R"~(`metrics.acc` > 1)~",
                                     R"~(metrics. > 1)~",
                                     R"~(tags.env IS)~",
                                     R"~(params.lr IN)~"};
constexpr std::string_view kGoodOrders[] = {
    R"~(metrics.acc)~",    R"~(metrics.acc DESC)~", R"~(metrics.acc   desc)~",       R"~(params.lr)~",
    R"~(tags.env DESC)~",  R"~(start_time)~",       R"~(attributes.end_time)~",      R"~(status)~",
    R"~(user_id)~",        R"~(run_name)~",         R"~(attribute.start_time ASC)~", R"~(metrics.`my metric` DESC)~",
    R"~(  run_id asc  )~", R"~(Created)~"};
constexpr std::string_view kBadOrders[] = {R"~("run name")~",
                                           R"~(run name)~",
                                           R"~(metrics.my metric)~",
                                           R"~(`metrics.acc`)~",
                                           R"~(metrics.acc BLAH)~",
                                           R"~(metrics.acc DESC NULLS LAST)~",
                                           R"~(metrics.acc, params.lr)~",
                                           R"~(acc)~",
                                           R"~(foo.bar)~",
                                           R"~()~",
                                           R"~( )~",
                                           R"~(dataset.name)~",
                                           R"~(lifecycle_stage)~",
                                           R"~(Metrics.acc)~",
                                           R"~(1)~",
                                           R"~(tags.k-1)~"};

Clause one(std::string_view text, const Schema& schema = run_schema()) {
  const auto clauses = parse_filter(text, schema);
  EXPECT_TRUE(clauses) << text << ": " << clauses.error().message();
  if (!clauses || clauses->size() != 1) return {};
  return clauses->front();
}
std::string refusal_of(std::string_view text, const Schema& schema = run_schema()) {
  const auto clauses = parse_filter(text, schema);
  return clauses ? "accepted" : clauses.error().message();
}

TEST(Filter, TakesWhatTheReferenceServerTakes) {
  for (const auto text : kGood) EXPECT_TRUE(parse_filter(text, run_schema())) << text << ": " << refusal_of(text);
  EXPECT_EQ(parse_filter("", run_schema())->size(), 0U);
}

TEST(Filter, RefusesWhatTheReferenceServerRefuses) {
  for (const auto text : kBad) {
    const auto parsed = parse_filter(text, run_schema());
    EXPECT_FALSE(parsed) << text;
    if (!parsed) EXPECT_EQ(parsed.error().code(), ErrorCode::kInvalidInput);
  }
}

TEST(Filter, ReadsEntityKeyOperatorAndValue) {
  const auto metric = one("metrics.`my metric` >= -1.5e2");
  EXPECT_EQ(metric.entity, Entity::kMetric);
  EXPECT_EQ(metric.key, "my metric");
  EXPECT_EQ(metric.op, Operator::kGreaterEqual);
  EXPECT_EQ(metric.number, -150);
  EXPECT_EQ(one("tags.mlflow.runName = 'A'").key, "mlflow.runName");
  EXPECT_EQ(one("Created = 5").key, "start_time");
  EXPECT_EQ(one("attributes.\"Run name\" = 'A'").key, "run_name");
  EXPECT_EQ(one("tags.env = 'it''s'").text, "it''s");
  EXPECT_EQ(one("run_id NOT IN ('a', \"b\",)").list, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(one("run_id NOT IN ('a')").op, Operator::kNotIn);
  EXPECT_EQ(one("tags.x is NOT null").op, Operator::kIsNotNull);
  EXPECT_EQ(parse_filter("AND metrics.a>1 and params.b='x' AND", run_schema())->size(), 2U);
}

TEST(Filter, SaysWhatIsWrongInMlflowsWords) {
  EXPECT_EQ(refusal_of(" "), "Invalid filter ' '. Could not be parsed.");
  EXPECT_EQ(refusal_of("metrics.acc > '0.1'"), "Expected numeric value type for metric. Found '0.1'");
  EXPECT_EQ(refusal_of("params.lr = 0.1"), "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 0.1");
  EXPECT_EQ(refusal_of("params.lr = lr"),
            "Parameter value is either not quoted or unidentified quote types used for string value lr. Use either single or double quotes.");
  EXPECT_EQ(refusal_of("start_time > '150'"), "Expected numeric value type for numeric attribute: start_time. Found '150'");
  EXPECT_EQ(refusal_of("a = 'b' OR c = 'd'").substr(0, 21), "Invalid attribute key");
  EXPECT_EQ(refusal_of("metrics.a > 1 OR metrics.b > 1"), "Invalid clause(s) in filter string: 'OR'");
  EXPECT_EQ(refusal_of("'abc' = params.lr"), "Invalid comparison clause. Expected 'Identifier' found ''abc''");
  EXPECT_EQ(refusal_of("foo.bar = 'x'").substr(0, 26), "Invalid entity type 'foo'.");
  EXPECT_EQ(refusal_of("attributes.lifecycle_stage = 'a'").substr(0, 66), "Invalid attribute key 'lifecycle_stage' specified. Valid keys are ");
  EXPECT_EQ(refusal_of("status IN ('A')"), "Only the 'run_id' attribute supports comparison with a list of quoted string values.");
  EXPECT_EQ(refusal_of("run_id IN ()"), "While parsing a list in the query, expected a non-empty list of string values, but got empty list");
  EXPECT_TRUE(refusal_of("run_id IN (abc)").ends_with("got ill-formed list."));
  EXPECT_TRUE(refusal_of("metrics.a IS NULL").starts_with("IS NULL / IS NOT NULL is only supported for tags and params, "));
  EXPECT_TRUE(refusal_of("params.a NOT LIKE 'x'").starts_with("Invalid comparator 'NOT LIKE'"));
  EXPECT_TRUE(refusal_of("params.a = 'x'; params.a = 'y'").starts_with("Search filter contained multiple expression"));
}

TEST(Filter, ExperimentsHaveTheirOwnFields) {
  const auto& schema = experiment_schema();
  EXPECT_EQ(one("name ILIKE '%x%'", schema).key, "name");
  EXPECT_EQ(one("tags.`mlflow.experiment.isGateway` IS NULL", schema).key, "mlflow.experiment.isGateway");
  EXPECT_EQ(one("attribute.last_update_time > 5", schema).number, 5);
  EXPECT_EQ(refusal_of("params.x = 'a'", schema), "Invalid entity type 'params'. Valid entity types are ('attribute', 'tag', 'tags')");
  EXPECT_EQ(refusal_of("tags.x > 'a'", schema), "Invalid comparator for tag: >");
  for (const auto* text : {"attributes.name = 'x'", "attr.name = 'x'", "name IN ('a')", "name IS NULL", "experiment_id = '1'", "name > 'a'"})
    EXPECT_NE(refusal_of(text, schema), "accepted") << text;
  EXPECT_EQ(parse_order("tags.x", schema).error().message(), "Invalid order_by entity: tag");
  EXPECT_EQ(parse_order("experiment_id DESC", schema)->key, "experiment_id");
  const std::vector<std::string> twice{"name", "attribute.`name` DESC"};
  EXPECT_EQ(parse_orders(twice, schema)->size(), 1U);
}

TEST(OrderBy, TakesAndRefusesAsTheReferenceServer) {
  for (const auto text : kGoodOrders) EXPECT_TRUE(parse_order(text, run_schema())) << text;
  for (const auto text : kBadOrders) EXPECT_FALSE(parse_order(text, run_schema())) << text;
  EXPECT_FALSE(parse_order("metrics.acc  desc", run_schema())->ascending);
  EXPECT_EQ(parse_order("acc BLAH", run_schema()).error().message(), "Invalid ordering key in order_by clause 'acc BLAH'.");
  EXPECT_EQ(parse_order("", run_schema()).error().message(), "Invalid order_by clause ''. Could not be parsed.");
}

TEST(OrderBy, TheSameFieldTwiceIsRefused) {
  const std::vector<std::string> twice{"metrics.a", "metric.a DESC"};
  EXPECT_EQ(parse_orders(twice, run_schema()).error().message(), "`order_by` contains duplicate fields: ['metrics.a']");
}

TEST(Like, MatchesWholeTexts) {
  EXPECT_TRUE(is_like("0.1%", "0.1%", false));
  EXPECT_TRUE(is_like("0.1", "0._", false));
  EXPECT_FALSE(is_like("0.1%", "0._", false));
  EXPECT_FALSE(is_like("CNN", "c%", false));
  EXPECT_TRUE(is_like("CNN", "c%", true));
  EXPECT_TRUE(is_like("ÄÖ", "ä_", true));
  EXPECT_TRUE(is_like("größe", "gr__e", false));
  EXPECT_TRUE(is_like("", "%", false));
  EXPECT_FALSE(is_like("", "_", false));
  EXPECT_TRUE(is_like("abcabd", "%ab_", false));
  EXPECT_FALSE(is_like("0.1", "0.[01]%", false));
  EXPECT_TRUE(is_like(std::string(5000, 'a') + "b", "%a%a%b", false));
}

}  // namespace
}  // namespace stoker::search
