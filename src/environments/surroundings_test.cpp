#include "environments/surroundings.hpp"

#include <gtest/gtest.h>

namespace stoker::environments {
namespace {

TEST(Surroundings, AreTold) {
  EXPECT_EQ(os_release_value("NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n", "PRETTY_NAME"), "Debian GNU/Linux 12 (bookworm)");
  EXPECT_EQ(os_release_value("NAMES=x\nNAME=plain", "NAME"), "plain");
  EXPECT_EQ(os_release_value("", "NAME"), "");
  json::object record;
  add_surroundings(record, "ada");
  EXPECT_EQ(record.at("user").as_string(), "ada");
  EXPECT_FALSE(record.at("host").as_string().empty());
  EXPECT_NE(record.at("platform").as_string().find("Linux"), json::string::npos);
}

}  // namespace
}  // namespace stoker::environments
