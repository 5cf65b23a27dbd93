#pragma once
// Ctrl-C while following: say how to come back, put the terminal right, end with 130. The run is not touched.

#include <string>

namespace stoker::cli {

/// While it lives, SIGINT writes the two texts (from the handler itself, whatever the program waits for) and ends the program.
/// One at a time.
class FarewellOnInterrupt {
 public:
  FarewellOnInterrupt(std::string to_stdout, std::string to_stderr);
  ~FarewellOnInterrupt();
  FarewellOnInterrupt(const FarewellOnInterrupt&) = delete;
  FarewellOnInterrupt& operator=(const FarewellOnInterrupt&) = delete;
};

}  // namespace stoker::cli
