#include "cli/arguments.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/suggest.hpp"
#include "cli/output/text.hpp"

namespace stoker::cli {
namespace {

std::string lower(std::string text) {
  for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::vector<std::string> option_names(const std::vector<ArgumentInfo>& list) {
  std::vector<std::string> names;
  for (const auto& info : list) {
    if (!info.is_operand) names.push_back(info.long_name());
  }
  return names;
}

/// CLI11's own words for what it could not split; the first line says it.
std::string plain_words(const CLI::ParseError& error) {
  const std::string text = error.what();
  return text.substr(0, text.find('\n'));
}

std::string sentence(const Error& error) { return error.hint_text().empty() ? error.message() : error.message() + ": " + error.hint_text(); }

struct Split {
  std::vector<std::vector<std::string>> values;  // of each option; a flag's are empty texts
  std::vector<std::string> operands, unknown;
};

void declare(CLI::App& app, const ArgumentInfo& info, std::vector<std::string>& values) {
  if (info.is_operand) return;
  if (info.placeholder.empty()) {
    app.add_flag_function(info.names,
                          [&values](std::int64_t count) { values.assign(static_cast<std::size_t>(std::max<std::int64_t>(count, 0)), ""); });
    return;
  }
  auto* option = app.add_option(info.names, values)->type_size(1)->expected(1)->allow_extra_args(false);
  option->multi_option_policy(info.is_many ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::TakeLast);
}

/// Operands stay CLI11's "extras": it would let a list of them swallow what belongs to the next one.
Result<Split> split_words(const std::vector<ArgumentInfo>& list, std::vector<std::string> words) {
  Split split;
  split.values.resize(list.size());
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  for (std::size_t i = 0; i < list.size(); ++i) declare(app, list[i], split.values[i]);
  std::ranges::reverse(words);  // as CLI11 wants them
  try {
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    return Error(ErrorCode::kInvalidInput, plain_words(error));
  }
  for (auto& extra : app.remaining()) {
    if (extra == "--") continue;
    (extra.size() > 1 && extra.front() == '-' ? split.unknown : split.operands).push_back(extra);
  }
  return split;
}

}  // namespace

std::string ArgumentInfo::long_name() const {
  const auto begin = names.find("--");
  return begin == std::string::npos ? names : names.substr(begin, names.find(',', begin) - begin);
}

ArgumentInfo& Arguments::add(std::string names, std::string placeholder, std::string help) {
  list_.push_back({.names = std::move(names), .placeholder = std::move(placeholder), .help = std::move(help)});
  return list_.back();
}

void Arguments::flag(std::string names, bool& to, std::string help) {
  add(std::move(names), "", std::move(help)).take = [&to](const std::string&) {
    to = true;
    return ok();
  };
}

void Arguments::text(std::string names, std::string placeholder, std::string& to, std::string help, Values values) {
  value(std::move(names), std::move(placeholder), std::move(help), [&to](const std::string& given) {
    to = given;
    return ok();
  });
  list_.back().values = values;
}

void Arguments::text(std::string names, std::string placeholder, std::optional<std::string>& to, std::string help, Values values) {
  value(std::move(names), std::move(placeholder), std::move(help), [&to](const std::string& given) {
    to = given;
    return ok();
  });
  list_.back().values = values;
}

void Arguments::texts(std::string names, std::string placeholder, std::vector<std::string>& to, std::string help, Values values) {
  value(std::move(names), std::move(placeholder), std::move(help), [&to](const std::string& given) {
    to.push_back(given);
    return ok();
  });
  list_.back().values = values;
  list_.back().is_many = true;
}

void Arguments::number(std::string names, std::string placeholder, std::int64_t& to, std::int64_t low, std::int64_t high, std::string help) {
  value(std::move(names), std::move(placeholder), std::move(help), [&to, low, high](const std::string& given) -> Status {
    std::int64_t number = 0;
    const auto parsed = std::from_chars(given.data(), given.data() + given.size(), number);
    if (parsed.ec != std::errc{} || parsed.ptr != given.data() + given.size() || number < low || number > high) {
      return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is not a whole number from {} to {}", given, low, high));
    }
    to = number;
    return ok();
  });
}

void Arguments::choice(std::string names, std::string placeholder, std::string& to, std::vector<std::string> choices, std::string help) {
  value(std::move(names), std::move(placeholder), std::move(help), [&to, choices](const std::string& given) -> Status {
    const auto found = std::ranges::find_if(choices, [&](const std::string& known) { return lower(known) == lower(given); });
    if (found == choices.end()) {
      const auto hint = did_you_mean(given, choices);
      return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is none of {}{}", given, fmt::join(choices, ", "), hint.empty() ? "" : "; " + hint));
    }
    to = *found;
    return ok();
  });
  list_.back().choices = std::move(choices);
}

void Arguments::value(std::string names, std::string placeholder, std::string help, std::function<Status(const std::string&)> take) {
  add(std::move(names), std::move(placeholder), std::move(help)).take = std::move(take);
}

void Arguments::operand(std::string name, std::string& to, std::string help, Values values, bool is_required) {
  text(name, name, to, std::move(help), values);
  list_.back().is_operand = true;
  list_.back().is_required = is_required;
}

void Arguments::operands(std::string name, std::vector<std::string>& to, std::string help, Values values, bool is_required) {
  texts(name, name, to, std::move(help), values);
  list_.back().is_operand = true;
  list_.back().is_required = is_required;
}

void Arguments::rest(std::string name, std::vector<std::string>& to, std::string help) {
  rest_name_ = std::move(name);
  rest_help_ = std::move(help);
  rest_ = &to;
}

Status Arguments::parse(const std::vector<std::string>& words) const {
  const auto dashes = rest_ != nullptr ? std::ranges::find(words, "--") : words.end();
  if (dashes != words.end()) rest_->assign(dashes + 1, words.end());
  TRY(const auto split, split_words(list_, {words.begin(), dashes}));
  std::vector<Mistake> mistakes;
  std::string hint;
  std::size_t at = 0;
  for (std::size_t i = 0; i < list_.size(); ++i) {
    const auto& info = list_[i];
    auto values = split.values[i];
    while (info.is_operand && at < split.operands.size() && (values.empty() || info.is_many)) values.push_back(split.operands[at++]);
    if (values.empty() && info.is_required) mistakes.push_back({info.names, "is missing"});
    for (const auto& value : values) {
      if (const auto taken = info.take(value); !taken) mistakes.push_back({info.long_name(), sentence(taken.error())});
    }
  }
  for (; at < split.operands.size(); ++at) mistakes.push_back({split.operands[at], "is not expected here"});
  for (const auto& word : split.unknown) {
    mistakes.push_back({word, "is not an option of this command"});
    if (hint.empty()) hint = did_you_mean(word.substr(0, word.find('=')), option_names(list_));
  }
  if (mistakes.empty()) return ok();
  const bool has_program = rest_ != nullptr && (!split.operands.empty() || !split.unknown.empty());
  if (hint.empty() && has_program) hint = fmt::format("put the program and its own options after `--`: stoker {} -- python train.py", command_);
  if (hint.empty()) hint = fmt::format("`stoker {} --help` lists what it takes", command_);
  return Error(ErrorCode::kInvalidInput, fmt::format("`stoker {}` was not understood", command_)).mistakes(std::move(mistakes)).hint(std::move(hint));
}

std::string Arguments::usage() const {
  std::string text = "stoker " + command_;
  if (std::ranges::any_of(list_, [](const ArgumentInfo& info) { return !info.is_operand; })) text += " [OPTIONS]";
  for (const auto& info : list_) {
    if (!info.is_operand) continue;
    const auto name = info.names + (info.is_many ? "…" : "");
    text += info.is_required ? " " + name : " [" + name + "]";
  }
  if (rest_ != nullptr) text += fmt::format(" -- {}", rest_name_);
  return text;
}

std::string Arguments::table() const {
  std::vector<std::pair<std::string, std::string>> lines;
  for (const auto& info : list_) {
    auto name = info.names;
    if (const auto comma = name.find(','); comma != std::string::npos) name.replace(comma, 1, ", ");
    else if (!info.is_operand) name = "    " + name;
    if (!info.is_operand && !info.placeholder.empty()) name += " " + info.placeholder;
    lines.emplace_back(std::move(name), info.help);
  }
  if (rest_ != nullptr) lines.emplace_back("-- " + rest_name_, rest_help_);
  std::size_t width = 0;
  for (const auto& [name, help] : lines) width = std::max(width, display_width(name));
  std::string text;
  for (const auto& [name, help] : lines) text += fmt::format("  {}  {}\n", padded(name, width), help);
  return text;
}

Result<std::pair<std::string, std::string>> split_pair(const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) return Error(ErrorCode::kInvalidInput, fmt::format("\"{}\" is not KEY=VALUE", text));
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

}  // namespace stoker::cli
