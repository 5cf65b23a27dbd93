#include "client/recreation.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "client/test_home.hpp"

namespace stoker::client {
namespace {

json::object a_run(std::string_view spec) {
  return parse_json(R"({"id": "e_1_2", "experiment": "e", "spec": )" + std::string(spec) + "}")->get_object();
}

TEST(Recreation, RequirementsArePinned) {
  EXPECT_EQ(requirements_of(parse_json(R"({"packages": [{"name": "a", "version": "1"}, {"name": "B-c", "version": "2.0"}]})")->get_object()),
            "a==1\nB-c==2.0\n");
}

TEST(Recreation, TheScriptAsksForWhatTheRecordHides) {
  const auto script = run_script(a_run(R"({"argv": ["python", "a b.py", "$HOME"], "environment_variables": {"TOKEN": "***", "A": "it's"}})"));
  EXPECT_NE(script.find("export A='it'\\''s'\n"), std::string::npos) << script;
  EXPECT_NE(script.find(": \"${TOKEN:?set TOKEN"), std::string::npos) << script;
  EXPECT_NE(script.find("exec python 'a b.py' '$HOME'\n"), std::string::npos) << "a program's arguments are not replaced: " << script;
}

TEST(Recreation, WordsToSubmitAgain) {
  EXPECT_EQ(submit_words(a_run(R"({"script": "t.py", "arguments": ["-x"], "resources": {"cpus": 2, "gpus": 0}, "max_run_duration_seconds": 60,
                                   "environment": {"settings": {"interpreter": "/p"}, "variables": {"A": "1"}}})"),
                         "/s"),
            (std::vector<std::string>{"run", "submit", "--source", "/s", "--experiment", "e", "--env", "A=1", "--cpus", "2", "--time-limit", "60s",
                                      "--script", "t.py", "--interpreter", "/p", "--", "-x"}));
  EXPECT_EQ(submit_words(a_run(R"({"command": "a | b"})"), "/s").back(), "a | b");
}

class RecreationScript : public TestHome {
 protected:
  /// What the script prints when it is run, as the shell takes it.
  std::string output_of(const std::string& spec) {
    EXPECT_TRUE(io::make_directories(folder_ + "/again/source"));
    write("again/run.sh", run_script(a_run(spec)), 0700);
    EXPECT_EQ(::system(("'" + folder_ + "/again/run.sh' > '" + folder_ + "/out' 2>&1").c_str()), 0);
    return *io::read_file(folder_ + "/out");
  }
};

TEST_F(RecreationScript, RunsInItsOwnCopyWithItsVariables) {
  write("show", "");
  EXPECT_EQ(output_of(R"({"command": "basename $PWD; echo $A; ls", "environment_variables": {"A": "a \"b\" $c `d` \\"}})"),
            "source\na \"b\" $c `d` \\\nlogs\noutputs\n");
}

TEST_F(RecreationScript, ArgumentsOfAScriptAreReplacedAsInTheRun) {
  EXPECT_EQ(output_of(R"({"script": "%s-%s-%s-%s\\n", "arguments": ["$A", "${A}x", "5$", "a\"`b`\\"], "environment_variables": {"A": "1 2"},
                          "environment": {"settings": {"interpreter": "printf"}}})"),
            "1 2-1 2x-5$-a\"`b`\\\n");
}

}  // namespace
}  // namespace stoker::client
