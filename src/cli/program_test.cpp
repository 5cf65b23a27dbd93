#include <gtest/gtest.h>

#include "cli/command.hpp"
#include "cli/exit_codes.hpp"
#include "cli/golden.hpp"
#include "cli/help.hpp"

namespace stoker::cli {
namespace {

struct Outcome {
  int code = 0;
  std::string out, err;
};

Outcome call(const std::vector<std::string>& words, client::Variables variables = {{"STOKER_HOME", "/nonexistent/home"}}) {
  Outcome outcome;
  Context context{.variables = std::move(variables),
                  .out = Output([&](std::string_view text) { outcome.out += text; }, {}),
                  .err = Output([&](std::string_view text) { outcome.err += text; }, {}),
                  .hooks = {.serve = [](const ServeOptions& options) -> Status {
                    return Error(ErrorCode::kAddressInUse, "listening on " + options.listen + " for " + options.data);
                  }}};
  outcome.code = run(words, std::move(context));
  return outcome;
}

TEST(Program, EveryCommandHasItsPage) {
  std::string all;
  for (const auto& info : command_table()) {
    if (info.noun.starts_with("__")) continue;
    const auto page = command_page(info, {});
    EXPECT_EQ(page.find("{{"), std::string::npos) << info.name();
    EXPECT_EQ(page.find("\n#"), std::string::npos) << info.name() << " still has Markdown";
    EXPECT_NE(page.find("\nExamples\n"), std::string::npos) << info.name() << " has no examples";
    EXPECT_EQ(call({std::string(info.noun), "--help"}).code, 0);
    all += page + "\n" + std::string(70, '=') + "\n";
  }
  expect_golden("help.txt", all);
}

TEST(Program, OverviewListsEveryCommand) {
  expect_golden("overview.txt", call({"help"}).out);
  EXPECT_EQ(call({}).code, 2);
  EXPECT_EQ(call({"--help"}).out, call({"help"}).out);
}

TEST(Program, NounAloneListsItsVerbs) {
  EXPECT_EQ(call({"run", "--help"}).code, 0);
  EXPECT_EQ(call({"run"}).code, 2);
  EXPECT_NE(call({"run"}).err.find("stoker run submit"), std::string::npos);
}

TEST(Program, UnknownWordsSuggestTheNearest) {
  EXPECT_NE(call({"rnu", "list"}).err.find("did you mean \"run\"?"), std::string::npos);
  EXPECT_NE(call({"run", "lst"}).err.find("did you mean \"list\"?"), std::string::npos);
  EXPECT_NE(call({"server", "sttus"}).err.find("did you mean \"status\"?"), std::string::npos);
  EXPECT_NE(call({"submit"}).err.find("`stoker run submit`"), std::string::npos);
  EXPECT_NE(call({"run", "list", "--experimnt", "x"}).err.find("did you mean \"--experiment\"?"), std::string::npos);
  EXPECT_EQ(call({"run", "lst"}).code, 2);
}

TEST(Program, ErrorsGoToStderrOrAsJsonToStdout) {
  const auto plain = call({"run", "lst"});
  EXPECT_EQ(plain.out, "");
  EXPECT_TRUE(plain.err.starts_with("error: ")) << plain.err;
  EXPECT_NE(plain.err.find("[input.invalid]"), std::string::npos);
  const auto as_json = call({"run", "lst", "--json"});
  EXPECT_EQ(as_json.err, "");
  const auto record = parse_json(as_json.out);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->at("error").at("code"), "input.invalid");
  EXPECT_EQ(as_json.code, 2);
}

TEST(Program, JsonOfTheProgramItRunsIsNotOurs) {
  const auto outcome = call({"run", "submit", "--source", "/nonexistent", "--", "sh", "--json", "--help"});
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(outcome.err.find("[source.invalid]"), std::string::npos) << outcome.err;
}

TEST(Program, SubmitNamesAllMistakesBeforeAnyServerIsStarted) {
  const auto outcome = call({"run", "submit", "--env", "novalue", "--time-limit", "soon", "--workspace", "a/b"});
  EXPECT_EQ(outcome.code, 2);
  for (const auto* word : {"--env", "--time-limit", "--workspace", "PROGRAM"}) EXPECT_NE(outcome.err.find(word), std::string::npos) << word;
}

TEST(Program, ServerInTheForegroundPassesItsOptionsOn) {
  const auto outcome = call({"server", "--data", "/data/x", "--listen", "127.0.0.1:7"}, {});
  EXPECT_NE(outcome.err.find("listening on 127.0.0.1:7 for /data/x"), std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.code, 5);
  EXPECT_EQ(call({"server", "--cpus", "some", "--data", "/data/x"}).code, 2);
}

TEST(Program, StatusWithoutAServerSaysSoAndStartsNone) {
  EXPECT_EQ(call({"server", "status"}).code, 5);
  const auto record = parse_json(call({"server", "status", "--json"}).out);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->at("running"), false);
  EXPECT_EQ(call({"server", "stop"}).code, 0);
}

TEST(Program, VersionErrorsAndCompletion) {
  EXPECT_TRUE(call({"--version"}).out.starts_with("stoker "));
  EXPECT_NE(call({"completion", "bash"}).out.find("complete -F _stoker stoker"), std::string::npos);
  EXPECT_NE(call({"completion", "zsh"}).out.find("#compdef stoker"), std::string::npos);
  EXPECT_EQ(call({"completion", "fish"}).code, 2);
  EXPECT_EQ(parse_json(call({"errors", "--json"}).out)->at("errors").as_array().size(), error_code_table().size());
}

TEST(Program, EveryExitCodeIsExplained) {
  for (const auto& row : error_code_table()) {
    bool is_there = false;
    for (const auto& [code, meaning] : exit_codes()) is_there = is_there || code == row.exit_code;
    EXPECT_TRUE(is_there) << row.slug;
  }
}

}  // namespace
}  // namespace stoker::cli
