#include "supervisor/link/server_address.hpp"

#include <gtest/gtest.h>

#include "supervisor/test_support.hpp"

namespace stoker::supervisor {
namespace {

TEST(ServerAddress, MovesWhenTheFileSaysSo) {
  const testing::TemporaryFolder folder;
  ServerAddress address("http://127.0.0.1:1", folder.file("server"));
  EXPECT_EQ(address.look(), "http://127.0.0.1:1") << "no file";
  ASSERT_TRUE(io::write_file_atomically(folder.file("server"), "\n"));
  EXPECT_EQ(address.look(), "http://127.0.0.1:1");
  ASSERT_TRUE(io::write_file_atomically(folder.file("server"), "http://127.0.0.1:2\n"));
  EXPECT_EQ(address.url(), "http://127.0.0.1:1");
  EXPECT_EQ(address.look(), "http://127.0.0.1:2");
}

}  // namespace
}  // namespace stoker::supervisor
