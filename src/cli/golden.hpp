#pragma once
// For the tests of this folder: text compared with a file of testdata/. STOKER_ACCEPT=1 rewrites the file and skips the test.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>

#include "io/file.hpp"

namespace stoker::cli {

inline void expect_golden(const std::string& name, const std::string& text) {
  const auto path = "src/cli/testdata/" + name;
  const auto file = std::string(STOKER_SOURCE_DIR) + "/" + path;
  if (const char* accept = ::getenv("STOKER_ACCEPT"); accept != nullptr && std::string(accept) == "1") {
    ASSERT_TRUE(io::make_directories(file.substr(0, file.rfind('/')), 0755));
    ASSERT_TRUE(io::write_file_atomically(file, text, 0644));
    GTEST_SKIP() << "wrote " << path;
  }
  const auto wanted = io::read_file(file);
  ASSERT_TRUE(wanted) << path << " is missing; STOKER_ACCEPT=1 writes it";
  EXPECT_EQ(text, *wanted) << "is the change meant? STOKER_ACCEPT=1 rewrites " << path;
}

}  // namespace stoker::cli
