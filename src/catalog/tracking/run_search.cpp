#include "catalog/tracking/run_search.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <set>

#include <fmt/format.h>

#include "base/digest.hpp"
#include "base/json.hpp"
#include "catalog/tracking/matcher.hpp"
#include "catalog/tracking/walk.hpp"

namespace stoker::catalog {
namespace {

using search::Clause;
using search::Entity;
using search::Operator;

/// So few candidates are rather collected and sorted than looked for along an order.
constexpr std::size_t kNarrow = 2000;
/// Beyond so many experiments, asking each how many it has costs more than it tells.
constexpr std::size_t kMostProbed = 16;
constexpr std::size_t kLeastAtOnce = 32, kMostAtOnce = 4096;
constexpr int kTokenVersion = 1;

/// Numbers that a clause on one metric leaves. Bounds count.
struct Range {
  double low = std::numeric_limits<double>::lowest();
  double high = std::numeric_limits<double>::max();
  bool is_asked = false;  // some clause is on the metric: runs without it do not match
  bool takes_nan = true;  // no clause but !=
  bool is_bounded = false;
};

void narrow(Range& range, const Clause& clause) {
  range.is_asked = true;
  if (clause.op == Operator::kNotEqual) return;
  range.takes_nan = false;
  range.is_bounded = true;
  if (clause.op != Operator::kLess && clause.op != Operator::kLessEqual) range.low = std::max(range.low, clause.number);
  if (clause.op != Operator::kGreater && clause.op != Operator::kGreaterEqual) range.high = std::min(range.high, clause.number);
}

Range range_of(const std::vector<Clause>& where, const std::string& metric) {
  Range range;
  for (const auto& clause : where)
    if (clause.entity == Entity::kMetric && clause.key == metric) narrow(range, clause);
  return range;
}

/// Microseconds around what clauses on start_time, in milliseconds, leave.
void narrow_starts(const std::vector<Clause>& where, Path& path) {
  constexpr double kMost = 9e15;
  for (const auto& clause : where) {
    if (clause.entity != Entity::kAttribute || clause.key != "start_time" || clause.op == Operator::kNotEqual) continue;
    const auto millis = static_cast<std::int64_t>(std::floor(std::clamp(clause.number, -kMost, kMost)));
    if (clause.op != Operator::kLess && clause.op != Operator::kLessEqual) path.first_start = std::max(path.first_start, millis * 1000);
    if (clause.op != Operator::kGreater && clause.op != Operator::kGreaterEqual) path.last_start = std::min(path.last_start, millis * 1000 + 999);
  }
}

std::string digest_of(const RunSearch& search) {
  std::string text = fmt::format("{}", static_cast<int>(search.view));
  for (const auto pk : search.experiments) text += fmt::format(",{}", pk);
  for (const auto& clause : search.where) {
    text += fmt::format("\n{} {} {} {} {}", static_cast<int>(clause.entity), clause.key, static_cast<int>(clause.op), clause.number, clause.text);
    for (const auto& item : clause.list) text += "\t" + item;
  }
  for (const auto& order : search.order) text += fmt::format("\n{} {} {}", static_cast<int>(order.entity), order.key, order.ascending);
  return sha256(text).hex().substr(0, 16);
}

std::string token_of(const Candidate& last, const std::string& digest) {
  json::array values;
  for (const auto& value : last.sort) values.push_back(json::array{static_cast<int>(value.of), value.number, value.text});
  return json::serialize(json::array{kTokenVersion, digest, std::move(values), last.start, last.id});
}

Result<Candidate> candidate_of(const std::string& token, const std::string& digest, std::size_t orders) {
  const auto refused = [] { return Error(ErrorCode::kInvalidInput, "Invalid page token: it is not of a page of this very search"); };
  const auto parsed = parse_json(token);
  const auto* parts = parsed ? parsed->if_array() : nullptr;
  if (parts == nullptr || parts->size() != 5 || (*parts)[0] != kTokenVersion || (*parts)[1] != json::value(digest)) return refused();
  const auto* values = (*parts)[2].if_array();
  const json::value &whole = (*parts)[3], &id = (*parts)[4];
  if (values == nullptr || values->size() != orders || !whole.is_int64() || !id.is_string()) return refused();
  Candidate last;
  for (const auto& item : *values) {
    const auto* value = item.if_array();
    if (value == nullptr || value->size() != 3 || !(*value)[0].is_int64() || !(*value)[1].is_double() || !(*value)[2].is_string()) return refused();
    last.sort.push_back({.of = static_cast<SortValue::Class>((*value)[0].get_int64()),
                         .number = (*value)[1].get_double(),
                         .text = std::string((*value)[2].get_string())});
  }
  last.start = whole.get_int64();
  last.id = std::string(id.get_string());
  return last;
}

std::string name_of(Entity entity, const std::string& key) {
  constexpr std::array<std::string_view, 5> kEntities = {"attributes", "metrics", "params", "tags", "datasets"};
  return fmt::format("{}.{}", kEntities[static_cast<std::size_t>(entity)], key);
}

/// One after the other: all of a phase come before all of the next.
struct Phase {
  Path path;
  bool sorts_all = false;            // the path has not the order that is asked for
  bool only_without_metric = false;  // runs that lack the metric of the first order
};

class Search {
 public:
  Search(db::Connection& connection, const RunSearch& search)
      : connection_(connection), search_(search), matcher_(connection, search.where, search.order, search.view), digest_(digest_of(search)) {}

  Result<FoundRuns> run() {
    if (!search_.page_token.empty()) {
      TRY(after_, candidate_of(search_.page_token, digest_, search_.order.size()));
    }
    tell_checks();
    TRY(const bool by_id, run_by_ids());
    if (!by_id) {
      TRY(const auto phases, phases_of());
      for (const auto& phase : phases) {
        if (found_.size() > search_.limit) break;
        CHECK_OK(run_phase(phase));
      }
    }
    return result();
  }

 private:
  /// The runs of one experiment that are loaded and match, in the path's order.
  struct Stream {
    Walk walk;
    std::deque<Candidate> ready;
    double last_loaded = 0;
    std::size_t at_once = 0;
  };

  FoundRuns result() {
    FoundRuns result;
    const bool more = found_.size() > search_.limit;
    if (more) found_.resize(search_.limit);
    if (more && !found_.empty()) result.next_page_token = token_of(found_.back(), digest_);
    for (const auto& one : found_) result.pks.push_back(one.pk);
    plan_.push_back(fmt::format("looked at {} runs, {} of them matched, {} are on this page", looked_at_, matched_, found_.size()));
    result.plan = std::move(plan_);
    return result;
  }

  void tell_checks() {
    std::string names;
    for (const auto& clause : search_.where)
      names += fmt::format("{}{} {}", names.empty() ? "" : ", ", name_of(clause.entity, clause.key), to_text(clause.op));
    if (!names.empty()) plan_.push_back("checks of each run: " + names);
  }

  void tell(const Phase& phase) {
    const auto& path = phase.path;
    std::string text;
    if (path.by == Path::By::kStart) text = fmt::format("walks the runs {} first", path.ascending ? "oldest" : "newest");
    else if (path.is_nan) text = fmt::format("walks the runs whose latest value of {} is NaN", path.metric);
    else
      text =
          fmt::format("walks the latest values of {} {}, from {} to {}", path.metric, path.ascending ? "upwards" : "downwards", path.low, path.high);
    if (phase.only_without_metric) text += fmt::format(", of those without {}", search_.order.front().key);
    if (phase.sorts_all) text += ", to their end, and sorts them";
    plan_.push_back(fmt::format("{} (in {} experiment{})", text, search_.experiments.size(), search_.experiments.size() == 1 ? "" : "s"));
  }

  /// True: clauses name the runs, and they were looked at.
  Result<bool> run_by_ids() {
    const auto at = std::ranges::find_if(search_.where, [](const Clause& clause) {
      return clause.entity == Entity::kAttribute && clause.key == "run_id" && (clause.op == Operator::kEqual || clause.op == Operator::kIn);
    });
    if (at == search_.where.end()) return false;
    std::set<std::string> ids(at->list.begin(), at->list.end());
    if (at->op == Operator::kEqual) ids.insert(at->text);
    const std::set<std::int64_t> experiments(search_.experiments.begin(), search_.experiments.end());
    std::vector<Candidate> candidates;
    for (const auto& id : ids) {
      CHECK_OK(connection_.visit("candidate_by_id", {id}, [&](const db::Row& row) {
        auto one = read_candidate(row);
        if (experiments.contains(row.integer("experiment_pk"))) candidates.push_back(std::move(one));
        return true;
      }));
    }
    plan_.push_back(fmt::format("looks up {} runs by their ids", ids.size()));
    CHECK_OK(judge(candidates, false));
    add_sorted(candidates);
    return true;
  }

  Result<std::vector<Phase>> phases_of() {
    const auto* first = search_.order.empty() ? nullptr : &search_.order.front();
    const bool by_metric = first != nullptr && first->entity == Entity::kMetric;
    TRY(auto narrow_path, find_narrow(by_metric ? first->key : std::string()));
    if (narrow_path) return std::vector<Phase>{{.path = std::move(*narrow_path), .sorts_all = true}};
    if (by_metric) return metric_phases(*first);
    Phase phase;
    const bool by_start = first == nullptr || (first->entity == Entity::kAttribute && first->key == "start_time");
    phase.path.ascending = first != nullptr && by_start && first->ascending;
    phase.sorts_all = !by_start;
    narrow_starts(search_.where, phase.path);
    if (after_ && by_start) (phase.path.ascending ? phase.path.first_start : phase.path.last_start) = after_->start;
    return std::vector<Phase>{std::move(phase)};
  }

  std::vector<Phase> metric_phases(const search::Order& order) const {
    const auto range = range_of(search_.where, order.key);
    Phase values, nans, missing;
    values.path = {.by = Path::By::kMetric, .ascending = order.ascending, .metric = order.key, .low = range.low, .high = range.high};
    nans.path = {.by = Path::By::kMetric, .ascending = true, .metric = order.key, .is_nan = true};
    missing.only_without_metric = true;
    narrow_starts(search_.where, missing.path);
    const auto behind = after_ ? after_->sort.front().of : SortValue::Class::kValue;
    if (after_ && behind == SortValue::Class::kValue) (order.ascending ? values.path.low : values.path.high) = after_->sort.front().number;
    if (after_ && behind == SortValue::Class::kMissing && search_.order.size() == 1) missing.path.last_start = after_->start;
    if (search_.order.size() > 1) missing.sorts_all = true;
    std::vector<Phase> phases;
    if (behind == SortValue::Class::kValue) phases.push_back(std::move(values));
    if (behind != SortValue::Class::kMissing && range.takes_nan) phases.push_back(std::move(nans));
    if (!range.is_asked) phases.push_back(std::move(missing));
    return phases;
  }

  /// The values of a metric that few runs have in the range asked for; not of `but`, along which the walk goes anyway.
  Result<std::optional<Path>> find_narrow(const std::string& but) {
    if (search_.experiments.size() > kMostProbed) return std::optional<Path>();
    for (const auto& clause : search_.where) {
      if (clause.entity != Entity::kMetric || clause.key == but) continue;
      const auto range = range_of(search_.where, clause.key);
      if (!range.is_bounded) continue;
      std::size_t count = 0;
      for (const auto experiment : search_.experiments) {
        TRY(const auto found, connection_.read_one("count_metric", {kNarrow + 1, experiment, clause.key, range.low, range.high},
                                                   [](const db::Row& row) { return row.integer("found"); }));
        count += static_cast<std::size_t>(found.value_or(0));
      }
      if (count <= kNarrow)
        return std::optional(Path{.by = Path::By::kMetric, .ascending = true, .metric = clause.key, .low = range.low, .high = range.high});
    }
    return std::optional<Path>();
  }

  Status run_phase(const Phase& phase) {
    tell(phase);
    if (phase.path.by == Path::By::kMetric) matcher_.walks(phase.path.metric, phase.path.is_nan);
    else matcher_.walks_no_metric();
    const auto share = (search_.limit + 2) / std::max<std::size_t>(search_.experiments.size(), 1);
    std::vector<Stream> streams;
    streams.reserve(search_.experiments.size());
    for (const auto experiment : search_.experiments)
      streams.push_back({.walk = Walk(experiment, phase.path), .ready = {}, .at_once = std::clamp(share, kLeastAtOnce, kMostAtOnce)});
    while (found_.size() <= search_.limit) {
      TRY(auto group, next_group(streams, phase));
      if (group.empty()) return ok();
      add_sorted(group);
    }
    return ok();
  }

  /// All that share the next place on the path, from all experiments; empty at the end.
  Result<std::vector<Candidate>> next_group(std::vector<Stream>& streams, const Phase& phase) {
    const Stream* best = nullptr;
    for (auto& stream : streams) {
      CHECK_OK(fill(stream, phase));
      if (stream.ready.empty()) continue;
      const bool first = best == nullptr || phase.path.precedes(phase.path.key_of(stream.ready.front()), phase.path.key_of(best->ready.front()));
      if (first) best = &stream;
    }
    std::vector<Candidate> group;
    if (best == nullptr) return group;
    const double key = phase.path.key_of(best->ready.front());
    for (auto& stream : streams) {
      while (!stream.ready.empty() && (phase.sorts_all || phase.path.key_of(stream.ready.front()) == key)) {
        group.push_back(std::move(stream.ready.front()));
        stream.ready.pop_front();
      }
    }
    return group;
  }

  /// Until all that share the stream's next place are loaded.
  Status fill(Stream& stream, const Phase& phase) {
    for (;;) {
      const bool is_one_group = phase.sorts_all || stream.ready.empty() || phase.path.key_of(stream.ready.front()) == stream.last_loaded;
      if (stream.walk.is_done() || !is_one_group) return ok();
      if (!stream.ready.empty() && stream.ready.size() > 4 * search_.limit + kMostAtOnce) keep_best(stream.ready);
      TRY(auto loaded, stream.walk.next(connection_, stream.at_once));
      stream.at_once = std::min(2 * stream.at_once, kMostAtOnce);
      if (!loaded.empty()) stream.last_loaded = phase.path.key_of(loaded.back());
      CHECK_OK(judge(loaded, phase.only_without_metric));
      for (auto& one : loaded) stream.ready.push_back(std::move(one));
    }
  }

  Status judge(std::vector<Candidate>& candidates, bool only_without_metric) {
    looked_at_ += candidates.size();
    CHECK_OK(matcher_.keep_matching(candidates));
    if (only_without_metric) std::erase_if(candidates, [](const Candidate& one) { return one.sort.front().of != SortValue::Class::kMissing; });
    matched_ += candidates.size();
    if (after_) std::erase_if(candidates, [&](const Candidate& one) { return !comes_before(*after_, one, search_.order); });
    return ok();
  }

  /// More than a page's candidates of one place: the others are never asked for.
  void keep_best(std::deque<Candidate>& ready) const {
    const auto before = [&](const Candidate& a, const Candidate& b) { return comes_before(a, b, search_.order); };
    std::ranges::nth_element(ready, ready.begin() + static_cast<std::ptrdiff_t>(search_.limit), before);
    ready.resize(search_.limit + 1);
  }

  void add_sorted(std::vector<Candidate>& group) {
    const auto before = [&](const Candidate& a, const Candidate& b) { return comes_before(a, b, search_.order); };
    const auto wanted = std::min(group.size(), search_.limit + 1 - found_.size());
    std::ranges::partial_sort(group, group.begin() + static_cast<std::ptrdiff_t>(wanted), before);
    for (std::size_t i = 0; i < wanted; ++i) found_.push_back(std::move(group[i]));
  }

  db::Connection& connection_;
  const RunSearch& search_;
  Matcher matcher_;
  std::string digest_;
  std::optional<Candidate> after_;  // the last of the page before
  std::vector<Candidate> found_;    // one more than the page
  std::vector<std::string> plan_;
  std::size_t looked_at_ = 0, matched_ = 0;
};

}  // namespace

Result<FoundRuns> search_runs(db::Connection& connection, const RunSearch& search) { return Search(connection, search).run(); }

}  // namespace stoker::catalog
