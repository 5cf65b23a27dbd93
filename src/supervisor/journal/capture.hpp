#pragma once
// The two pipes of a run's output. Bytes are spliced into the journal's `output` file as they come; memory does not grow with lines or rates.
// A busy pipe is emptied at most every 2 ms, so that a million lines a second make some hundred records; a quiet one at once.

#include <memory>
#include <utility>

#include "base/result.hpp"
#include "io/file.hpp"
#include "io/task.hpp"
#include "supervisor/journal/journal.hpp"

namespace stoker::supervisor {

class Capture {
 public:
  Capture(io::Loop& loop, Journal& journal);
  ~Capture();

  struct WriteEnds {
    io::Fd standard_output;
    io::Fd standard_error;
  };
  /// Makes the pipes and begins to read; hand the ends to the keeper, then close them here.
  Result<WriteEnds> open();
  /// No process of the run is left: takes all that the pipes still hold. Waits for space on a full disk, a minute at most;
  /// false when bytes had to be given up.
  io::Task<bool> finish();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace stoker::supervisor
