#include "cli/exit_codes.hpp"

namespace stoker::cli {

std::vector<std::pair<int, std::string>> exit_codes() {
  return {{0, "it worked; a run that was followed or waited for completed"},
          {1, "the run that was followed or waited for failed, or was lost"},
          {2, "wrong input: an option, a file, a script, an environment"},
          {3, "there is no such thing"},
          {4, "not allowed: no token, or one that does not reach it"},
          {5, "the server: not there, could not start, speaks another version"},
          {6, "the machine: disk full, files that cannot be read or written, damaged data"},
          {7, "a conflict, or a state that does not allow it"},
          {8, "too late or too much: a timeout, an overload; try again"},
          {70, "a bug in stoker"},
          {130, "canceled: the run was, or you pressed Ctrl-C (the run goes on)"}};
}

}  // namespace stoker::cli
