#pragma once
// Where lifecycle meets catalog: reads the run, decides with the table, stores by compare-and-set and appends the event, all in
// one transaction. Whoever listens hears of a change only after it is durable. Nobody else writes a run's state.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.hpp"
#include "protocol/record.hpp"
#include "runs/lifecycle.hpp"

namespace stoker::runs {

class Ledger {
 public:
  /// The run after a stored change, and what is to be done about it.
  struct Change {
    Run run;
    Effect effects = Effect::kNone;
  };
  /// An event's answer: changed, or the run as it is and why the event did nothing.
  struct Answer {
    Run run;
    Effect effects = Effect::kNone;
    std::optional<Refusal> refused;
  };
  explicit Ledger(catalog::Catalog& catalog) : catalog_(catalog) {}
  void on_change(std::function<void(const Change&)> listener) { listener_ = std::move(listener); }

  /// Durable when it returns, and announced. kNotFound: the run.
  io::Task<Result<Answer>> apply(RunId run, Event event);

  /// The events that `decide` wants of the run as it is, one after the other in one transaction; one that does nothing is passed over.
  io::Task<Result<Run>> apply_all(RunId run, std::function<std::vector<Event>(const Run&)> decide);

  /// What records other than output and metrics say, with the journal's number, as one write. Records up to the stored number are skipped.
  /// nullopt: nothing that others must hear of. An attempt that is over is not an error, nothing is written.
  /// The caller acknowledges, then announces.
  io::Task<Result<std::optional<Change>>> store(RunId run, int attempt, std::uint64_t seq, std::vector<protocol::Record> records);
  void announce(const Change& change) const {
    if (listener_) listener_(change);
  }

 private:
  catalog::Catalog& catalog_;
  std::function<void(const Change&)> listener_;
};

/// Whether store() has any business with such a record (output and metrics have stores of their own).
bool is_for_catalog(const protocol::Payload& payload);

}  // namespace stoker::runs
