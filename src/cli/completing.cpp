#include "cli/completing.hpp"

#include <algorithm>

#include "cli/command.hpp"
#include "cli/help.hpp"

namespace stoker::cli {
namespace {

std::vector<Candidate> starting_with(std::vector<Candidate> list, const std::string& begin) {
  std::erase_if(list, [&](const Candidate& candidate) { return !candidate.text.starts_with(':') && !candidate.text.starts_with(begin); });
  return list;
}

std::vector<Candidate> noun_candidates() {
  std::vector<Candidate> list;
  for (const auto& noun : nouns()) {
    const auto* alone = find_command(noun, "");
    list.push_back({noun, alone != nullptr && verbs_of(noun).empty() ? std::string(alone->summary) : ""});
  }
  return list;
}

std::vector<Candidate> verb_candidates(const std::string& noun) {
  std::vector<Candidate> list;
  for (const auto& info : command_table()) {
    if (info.noun == noun && !info.verb.empty()) list.push_back({std::string(info.verb), std::string(info.summary)});
  }
  return list;
}

std::vector<Candidate> value_candidates(const ArgumentInfo& info, const LookUp& look_up) {
  if (!info.choices.empty()) {
    std::vector<Candidate> list;
    for (const auto& choice : info.choices) list.push_back({choice, ""});
    return list;
  }
  if (info.values == Values::kFile) return {{":files", ""}};
  if (info.values == Values::kFolder) return {{":folders", ""}};
  return info.values == Values::kAny ? std::vector<Candidate>() : look_up(info.values);
}

bool has_name(const ArgumentInfo& info, const std::string& word) {
  if (info.is_operand) return false;
  const auto names = "," + info.names + ",";
  return names.find("," + word + ",") != std::string::npos;
}

/// Where the last word stands among the options and operands of a command.
std::vector<Candidate> argument_candidates(const Arguments& arguments, const std::vector<std::string>& words, const LookUp& look_up) {
  const auto& list = arguments.list();
  const auto option_of = [&](const std::string& word) {
    return std::ranges::find_if(list, [&](const ArgumentInfo& info) { return has_name(info, word); });
  };
  std::size_t operands = 0;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "--" && arguments.has_rest()) return {{":files", ""}};
    const auto option = option_of(words[i]);
    const bool takes_value = option != list.end() && !option->placeholder.empty();
    if (takes_value && i + 2 == words.size()) return value_candidates(*option, look_up);
    if (takes_value) ++i;
    else if (!words[i].starts_with('-')) ++operands;
  }
  std::vector<Candidate> found;
  if (words.back().starts_with('-')) {
    for (const auto& info : list) {
      if (!info.is_operand) found.push_back({info.long_name(), info.help});
    }
    return found;
  }
  for (const auto& info : list) {
    if (!info.is_operand) continue;
    if (operands == 0 || info.is_many) return value_candidates(info, look_up);
    --operands;
  }
  return found;
}

}  // namespace

std::vector<Candidate> candidates(const std::vector<std::string>& words, const LookUp& look_up) {
  if (words.empty()) return noun_candidates();
  const auto& last = words.back();
  if (words.size() == 1) return starting_with(noun_candidates(), last);
  if (words[0] == "help") return starting_with(words.size() == 2 ? noun_candidates() : verb_candidates(words[1]), last);
  const auto* info = find_command(words[0], words[1]);
  const bool is_verb = info != nullptr && words.size() > 2;
  if (!is_verb && words.size() == 2 && !verbs_of(words[0]).empty() && !last.starts_with('-')) return starting_with(verb_candidates(words[0]), last);
  if (!is_verb) info = find_command(words[0], "");
  if (info == nullptr) return {};
  Arguments arguments(info->name());
  const auto command = info->make();
  command->declare(arguments);
  CommonFlags flags;
  declare_common(arguments, flags);
  return starting_with(argument_candidates(arguments, {words.begin() + (is_verb ? 2 : 1), words.end()}, look_up), last);
}

}  // namespace stoker::cli
