#pragma once
// What a command takes: options, operands, and everything after `--`. Declared once per command; parsing, the table of options in its
// help page, "did you mean" and the shell's completion come from the same declarations. CLI11 does the splitting and is compiled in
// arguments.cpp alone, since every source that includes it costs 3 s.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace stoker::cli {

/// What a value names, for completion.
enum class Values { kAny, kRun, kExperiment, kWorkspace, kSecret, kModel, kDatastore, kFile, kFolder };

struct ArgumentInfo {
  std::string names;        // "-f,--follow"; for an operand its name: "RUN"
  std::string placeholder;  // "NAME"; empty: a flag
  std::string help;
  Values values = Values::kAny;
  std::vector<std::string> choices;  // empty: anything
  bool is_operand = false;
  bool is_many = false;
  bool is_required = false;
  std::function<Status(const std::string&)> take;  // a flag gets ""

  std::string long_name() const;  // the first long one: "--follow"; the operand's name
};

class Arguments {
 public:
  explicit Arguments(std::string command) : command_(std::move(command)) {}

  void flag(std::string names, bool& to, std::string help);
  void text(std::string names, std::string placeholder, std::string& to, std::string help, Values values = Values::kAny);
  void text(std::string names, std::string placeholder, std::optional<std::string>& to, std::string help, Values values = Values::kAny);
  void texts(std::string names, std::string placeholder, std::vector<std::string>& to, std::string help, Values values = Values::kAny);
  void number(std::string names, std::string placeholder, std::int64_t& to, std::int64_t low, std::int64_t high, std::string help);
  /// One of `choices`, in any case; `to` gets it as it is written there.
  void choice(std::string names, std::string placeholder, std::string& to, std::vector<std::string> choices, std::string help);
  void value(std::string names, std::string placeholder, std::string help, std::function<Status(const std::string&)> take);
  void operand(std::string name, std::string& to, std::string help, Values values = Values::kAny, bool is_required = true);
  void operands(std::string name, std::vector<std::string>& to, std::string help, Values values = Values::kAny, bool is_required = true);
  /// Everything after `--`.
  void rest(std::string name, std::vector<std::string>& to, std::string help);

  /// All mistakes at once (kInvalidInput).
  Status parse(const std::vector<std::string>& words) const;

  const std::vector<ArgumentInfo>& list() const { return list_; }
  bool has_rest() const { return rest_ != nullptr; }
  /// `stoker run logs [OPTIONS] RUN`
  std::string usage() const;
  /// One line for each option and operand, aligned.
  std::string table() const;

 private:
  ArgumentInfo& add(std::string names, std::string placeholder, std::string help);
  std::string command_;
  std::vector<ArgumentInfo> list_;
  std::string rest_name_, rest_help_;
  std::vector<std::string>* rest_ = nullptr;
};

/// `KEY=VALUE` cut at the first `=`; kInvalidInput without one or with an empty key.
Result<std::pair<std::string, std::string>> split_pair(const std::string& text);

}  // namespace stoker::cli
