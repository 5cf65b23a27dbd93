#include "supervisor/processes/containment.hpp"

#include <gtest/gtest.h>

namespace stoker::supervisor {
namespace {

std::vector<std::string> shown(const std::vector<Hierarchy>& hierarchies) {
  std::vector<std::string> list;
  for (const auto& one : hierarchies) list.push_back(std::to_string(one.version) + " " + one.controller + " " + one.folder);
  return list;
}

TEST(Containment, UnifiedHierarchyOfADesktop) {
  const auto found = parse_hierarchies("24 23 0:22 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
                                       "0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope\n");
  EXPECT_EQ(shown(found), std::vector<std::string>{"2  /sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope"});
}

TEST(Containment, HybridWithJoinedControllers) {
  const auto found = parse_hierarchies(
      "30 24 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n31 24 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
      "32 24 0:28 / /sys/fs/cgroup/freezer,pids rw - cgroup cgroup rw,freezer,pids\n33 24 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
      "5:memory:/a/b\n4:cpu,cpuacct:/\n3:freezer,pids:/\n0::/\n");
  EXPECT_EQ(shown(found), (std::vector<std::string>{"1 memory /sys/fs/cgroup/memory/a/b", "1 freezer /sys/fs/cgroup/freezer,pids",
                                                    "1 pids /sys/fs/cgroup/freezer,pids", "2  /sys/fs/cgroup/unified"}));
}

TEST(Containment, ContainerSeesAPartOfTheHierarchyOnly) {
  const auto found = parse_hierarchies("30 24 0:26 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n", "5:memory:/docker/abc/inner\n");
  EXPECT_EQ(shown(found), std::vector<std::string>{"1 memory /sys/fs/cgroup/memory/inner"});
  EXPECT_TRUE(parse_hierarchies("30 24 0:26 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n", "5:memory:/docker/abcdef\n").empty());
}

TEST(Containment, GarbageIsNothing) {
  EXPECT_TRUE(parse_hierarchies("", "").empty());
  EXPECT_TRUE(parse_hierarchies("x\n - \n1 2 - cgroup2\n", "::\n0\n0::\n").empty());
}

TEST(Containment, KindsHaveNames) {
  EXPECT_EQ(*containment_kind_from_text("cgroup1"), ContainmentKind::kCgroup1);
  EXPECT_NE(containment_kind_from_text("docker").error().hint_text().find("automatic, cgroup2"), std::string::npos);
}

TEST(Containment, NamesOfGroupsAreShortAndSafe) {
  const auto name = ControlGroup::name_of("../../etc.1");
  EXPECT_EQ(name.size(), 27U);
  EXPECT_EQ(name.find('/'), std::string::npos);
}

}  // namespace
}  // namespace stoker::supervisor
