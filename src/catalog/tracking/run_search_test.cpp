// Searches on both engines: the vectors of mlflow-rest, appendix A, pages in every order, and what a search looks at.
#include <cmath>
#include <fstream>
#include <limits>

#include "catalog/repository_test.hpp"
#include "catalog/tracking/run_search.hpp"
#include "catalog/tracking/tracked_experiments.hpp"
#include "catalog/tracking/tracked_run.hpp"

namespace stoker::catalog {
namespace {

using ::testing::HasSubstr;

Time at_millis(std::int64_t millis) { return from_micros(millis * 1000); }

class RunSearchTest : public RepositoryTest {
 protected:
  struct Wish {
    std::string name;
    std::int64_t start = 0;
    std::optional<std::int64_t> end;
    RunState state = RunState::kRunning;
    std::string user = "u";
  };

  Run begun(const Wish& wish, const std::string& experiment = "train") {
    auto run = a_run(experiment);
    run.spec.kind = RunKind::kInteractive;
    run.id = RunId("run" + wish.name);
    run.display_name = wish.name;
    run.user = wish.user;
    run.started_at = at_millis(wish.start);
    run.state = wish.state;
    if (wish.end) run.ended_at = at_millis(*wish.end);
    return inserted(std::move(run));
  }
  std::int64_t pk_of(const Run& run) { return find_tracked(tx(), workspace_.id, run.id)->value(); }
  void log(const Run& run, const std::string& key, double value) {
    const std::vector<LatestMetric> metrics{{key, value, 0, at_millis(1)}};
    ASSERT_TRUE(put_latest_metrics(tx(), run.id, metrics));
  }
  void describe(const Run& run, const KeyValues& params, const KeyValues& tags, const std::vector<InputDataset>& inputs) {
    ASSERT_TRUE(add_params(tx(), pk_of(run), params)->empty());
    ASSERT_TRUE(put_tags(tx(), pk_of(run), tags));
    ASSERT_TRUE(add_inputs(tx(), pk_of(run), inputs));
  }
  static InputDataset dataset(const std::string& name, const std::string& digest, const std::string& context) {
    return {.name = name, .digest = digest, .source_type = {}, .source = {}, .schema = {}, .profile = {}, .tags = {{"mlflow.data.context", context}}};
  }

  void make_fixture() {
    const auto a = begun({"A", 100, 500, RunState::kCompleted}), b = begun({"B", 200, {}, RunState::kFailed}), c = begun({"C", 300}),
               d = begun({"D", 300, {}, RunState::kRunning, "bob"});
    log(a, "acc", 0.9), log(a, "my metric", 1), log(a, "loss", std::nan(""));
    log(b, "acc", 0.5), log(b, "loss", 1);
    log(c, "loss", 2), log(c, "inf", std::numeric_limits<double>::infinity());
    log(d, "acc", -1), log(d, "loss", 0);
    describe(a, {{"lr", "0.1"}, {"Model", "CNN"}, {"a b", "x"}}, {{"env", "prod"}, {"k-1", "v"}},
             {dataset("DS1", "dig1", "train"), dataset("ds2", "dig2", "test")});
    describe(b, {{"lr", "0.01"}, {"Model", "cnn"}}, {{"env", "Dev"}}, {dataset("DS1", "dig1", "TEST")});
    describe(c, {{"lr", "0.1%"}}, {}, {dataset("ds_3", "1234", "val")});
    describe(d, {}, {{"env", "it's"}}, {});
  }

  RunSearch search_for(const std::string& filter, const std::vector<std::string>& order = {}) {
    RunSearch search;
    search.experiments = *experiment_pks(tx(), workspace_.id);
    auto where = search::parse_filter(filter, search::run_schema());
    EXPECT_TRUE(where) << filter << ": " << where.error().message();
    if (where) search.where = std::move(*where);
    auto orders = search::parse_orders(order, search::run_schema());
    EXPECT_TRUE(orders) << orders.error().message();
    if (orders) search.order = std::move(*orders);
    return search;
  }
  std::string names_of(const std::vector<std::int64_t>& pks) {
    std::string names;
    for (const auto& run : *read_tracked(tx(), pks)) names += run.name;
    return names;
  }
  /// Page by page.
  std::string found(RunSearch search, std::size_t limit = 1000) {
    search.limit = limit;
    std::string names;
    for (int pages = 0; pages < 1000; ++pages) {
      const auto page = search_runs(tx(), search);
      EXPECT_TRUE(page) << page.error().to_line();
      if (!page) return "failed";
      EXPECT_TRUE(!page->pks.empty() || !page->next_page_token) << "an empty page says that there is more";
      names += names_of(page->pks);
      if (!page->next_page_token) return names;
      search.page_token = *page->next_page_token;
    }
    return "endless";
  }
  static json::object vectors() {
    std::ifstream file(STOKER_SOURCE_DIR "/src/catalog/tracking/testdata/search_vectors.json");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    return parse_json(text)->as_object();
  }
  static std::string with_ids(std::string filter) {
    for (const std::string name : {"A", "B", "C"})
      for (auto at = filter.find("<" + name + ">"); at != std::string::npos; at = filter.find("<" + name + ">")) filter.replace(at, 3, "run" + name);
    return filter;
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, RunSearchTest, ::testing::Values(Engine::kSqlite, Engine::kPostgres), db::testing::engine_name);

TEST_P(RunSearchTest, FiltersSelectWhatTheReferenceServerSelects) {
  make_fixture();
  const auto rows = vectors();
  for (const auto& item : rows.at("filters").as_array()) {
    const auto filter = with_ids(std::string(item.as_array()[0].as_string()));
    auto names = found(search_for(filter));
    std::ranges::sort(names);
    EXPECT_EQ(names, std::string(item.as_array()[1].as_string())) << filter;
  }
}

TEST_P(RunSearchTest, OrdersAreTheReferenceServers) {
  make_fixture();
  const auto rows = vectors();
  for (const auto& item : rows.at("orders").as_array()) {
    std::vector<std::string> order;
    for (const auto& one : item.as_array()[0].as_array()) order.emplace_back(one.as_string());
    const std::string expected(item.as_array()[1].as_string());
    const auto search = search_for("", order);
    EXPECT_EQ(found(search), expected) << json::serialize(item);
    EXPECT_EQ(found(search, 1), expected) << json::serialize(item) << ", one to a page";
    EXPECT_EQ(found(search, 3), expected) << json::serialize(item) << ", three to a page";
  }
}

TEST_P(RunSearchTest, DeletedRunsAreFoundWhereTheyAreAskedFor) {
  make_fixture();
  ASSERT_TRUE(set_archived(tx(), RunId("runB"), clock_.now()));
  auto search = search_for("", {"metrics.acc"});
  EXPECT_EQ(found(search), "DAC");
  search.view = RunView::kArchived;
  EXPECT_EQ(found(search), "B");
  search.view = RunView::kAll;
  EXPECT_EQ(found(search), "DBAC");
}

TEST_P(RunSearchTest, ExperimentsAreMergedInOrder) {
  for (int i = 0; i < 9; ++i) {
    const auto run = begun({std::string(1, static_cast<char>('a' + i)), 100 + i}, i % 2 == 0 ? "even" : "odd");
    log(run, "m", i % 3);
  }
  for (const std::size_t limit : {1U, 2U, 4U, 100U}) {
    EXPECT_EQ(found(search_for(""), limit), "ihgfedcba");
    EXPECT_EQ(found(search_for("", {"start_time"}), limit), "abcdefghi");
    EXPECT_EQ(found(search_for("", {"metrics.m"}), limit), "gdahebifc");
    EXPECT_EQ(found(search_for("", {"metrics.m DESC"}), limit), "ifchebgda");
    EXPECT_EQ(found(search_for("metrics.m >= 1", {"metrics.m DESC"}), limit), "ifcheb");
    EXPECT_EQ(found(search_for("", {"metrics.m DESC", "run_name"}), limit), "cfibehadg");
    EXPECT_EQ(found(search_for("", {"run_name DESC"}), limit), "ihgfedcba");
  }
}

TEST_P(RunSearchTest, ManyRunsThatTieAreAllFoundOnce) {
  std::string expected;
  for (int i = 0; i < 60; ++i) {
    const auto name = std::string(1, static_cast<char>('!' + i));
    expected += name;
    const auto run = begun({name, 5});
    log(run, "same", 1);
  }
  EXPECT_EQ(found(search_for(""), 7), expected);
  EXPECT_EQ(found(search_for("", {"start_time"}), 7), expected);
  EXPECT_EQ(found(search_for("", {"metrics.same DESC"}), 7), expected);
  EXPECT_EQ(found(search_for("", {"metrics.none"}), 7), expected);
}

TEST_P(RunSearchTest, ATokenIsOfItsSearchOnly) {
  make_fixture();
  auto search = search_for("", {"metrics.acc"});
  search.limit = 2;
  const auto token = search_runs(tx(), search)->next_page_token;
  ASSERT_TRUE(token);
  auto other = search_for("", {"metrics.acc DESC"});
  other.page_token = *token;
  EXPECT_EQ(search_runs(tx(), other).error().code(), ErrorCode::kInvalidInput);
  for (const std::string text : {"x", "[]", "[1]", "{\"offset\": 2}", "[1,\"\",[],0,\"\"]"}) {
    other.page_token = text;
    EXPECT_EQ(search_runs(tx(), other).error().code(), ErrorCode::kInvalidInput) << text;
  }
}

TEST_P(RunSearchTest, WalksTheIndexAndStopsWhenThePageIsFull) {
  for (int i = 0; i < 300; ++i) log(begun({std::to_string(i), 1000 + i}), "m", i);
  const auto plan_of = [&](const std::string& filter, const std::vector<std::string>& order) {
    auto search = search_for(filter, order);
    search.limit = 3;
    std::string text;
    const auto found = search_runs(tx(), search);
    for (const auto& line : found->plan) text += line + "\n";
    return text;
  };
  EXPECT_THAT(plan_of("", {}), HasSubstr("looked at 32 runs"));
  EXPECT_THAT(plan_of("metrics.m > 5", {"metrics.m DESC"}), HasSubstr("walks the latest values of m downwards, from 5 to "));
  EXPECT_THAT(plan_of("metrics.m > 5", {"metrics.m DESC"}), HasSubstr("looked at 32 runs"));
  EXPECT_THAT(plan_of("metrics.m > 297", {"run_name"}), HasSubstr("looked at 3 runs, 2 of them matched"));
  EXPECT_THAT(plan_of("run_id = 'run7'", {}), HasSubstr("looked at 1 runs"));
  EXPECT_THAT(plan_of("start_time >= 1298", {}), HasSubstr("looked at 2 runs"));
  EXPECT_THAT(plan_of("", {"run_name"}), HasSubstr("to their end, and sorts them"));
}

}  // namespace
}  // namespace stoker::catalog
