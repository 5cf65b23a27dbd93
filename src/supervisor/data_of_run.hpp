#pragma once
// The data of one attempt: laid out before its program starts, stored after its last process is gone, and what its program is told of it.

#include <atomic>
#include <map>
#include <string>
#include <vector>

#include "data/laying.hpp"
#include "io/task.hpp"
#include "protocol/messages.hpp"
#include "supervisor/journal/spool.hpp"
#include "supervisor/outcome.hpp"

namespace stoker::supervisor {

class DataOfRun {
 public:
  /// Both outlive it.
  DataOfRun(const protocol::StartMessage& start, const Spool& spool) : start_(start), spool_(spool) {}

  bool is_empty() const { return start_.data.empty(); }
  /// After the snapshot and the special folders. An error is final.
  io::Task<Status> lay_out(io::Pool& pool);
  /// Lines for the run's log about what was laid out.
  std::vector<std::string> notes() const;
  /// The specification with paths and ids in place of what stands for them in arguments and command.
  RunSpec with_data(RunSpec spec) const;
  std::map<std::string, std::string> variables() const;
  /// Stores what is to be uploaded and takes away what lies outside of the spool. One text for each failure.
  io::Task<std::vector<std::string>> deliver(io::Pool& pool);
  /// What is still to be copied is left.
  void stop() { stop_ = true; }

 private:
  const protocol::StartMessage& start_;
  const Spool& spool_;
  std::vector<data::Laid> laid_;
  std::atomic<bool> stop_ = false;
};

/// A program that ended well, whose data could not all be stored, has failed; one that failed already keeps its own error.
void add_failures(Outcome& outcome, const std::vector<std::string>& failures);

/// For a shell: `'it'\''s'`.
std::string shell_quoted(const std::string& text);

}  // namespace stoker::supervisor
