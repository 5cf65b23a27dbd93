#include "server/data_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace stoker::server {
namespace {

class DataFolderTest : public testing::Test {
 protected:
  DataFolderTest() {
    std::string pattern = "/tmp/stoker-data-XXXXXX";
    root_ = mkdtemp(pattern.data());
  }
  ~DataFolderTest() override { EXPECT_TRUE(io::remove_tree(root_)); }
  std::string root_;
};

unsigned mode_of(const std::string& path) {
  struct stat info{};
  EXPECT_EQ(stat(path.c_str(), &info), 0);
  return info.st_mode & 0777;
}

TEST_F(DataFolderTest, AFreshFolderGetsVersionSecretAndInstanceThatStay) {
  std::string secret, instance;
  {
    auto made = DataFolder::open(root_ + "/data");
    ASSERT_TRUE(made) << made.error().to_terminal();
    secret = made->secret();
    instance = made->instance();
    EXPECT_EQ(secret.size(), 64U);
    EXPECT_EQ(instance.size(), 36U);
    EXPECT_EQ(mode_of(made->file("secret")), 0600U);
  }
  auto again = DataFolder::open(root_ + "/data");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->secret(), secret);
  EXPECT_EQ(again->instance(), instance);
}

TEST_F(DataFolderTest, ASecondServerIsRefused) {
  auto first = DataFolder::open(root_ + "/data");
  ASSERT_TRUE(first);
  auto second = DataFolder::open(root_ + "/data");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::kDataBusy);
}

TEST_F(DataFolderTest, ANewerVersionIsRefused) {
  ASSERT_TRUE(DataFolder::open(root_ + "/data"));
  ASSERT_TRUE(io::write_file_atomically(root_ + "/data/VERSION", "stoker data 2\n"));
  auto opened = DataFolder::open(root_ + "/data");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::kDataFormat);
  EXPECT_NE(opened.error().message().find("newer"), std::string::npos);
}

TEST_F(DataFolderTest, AFolderWithOtherThingsIsRefusedAndLeftAlone) {
  ASSERT_TRUE(io::write_file_atomically(root_ + "/thesis.tex", "x"));
  auto opened = DataFolder::open(root_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::kDataFormat);
  EXPECT_FALSE(io::exists(root_ + "/VERSION"));
}

TEST_F(DataFolderTest, AFileInPlaceOfAFolderIsRefused) {
  ASSERT_TRUE(io::write_file_atomically(root_ + "/data", "x"));
  auto opened = DataFolder::open(root_ + "/data");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), ErrorCode::kDataLocation);
}

TEST_F(DataFolderTest, ATokenThatIsNoTokenIsRefused) {
  ASSERT_TRUE(io::write_file_atomically(root_ + "/token", "short\n"));
  auto token = token_in(root_ + "/token");
  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().code(), ErrorCode::kDataFormat);
}

}  // namespace
}  // namespace stoker::server
