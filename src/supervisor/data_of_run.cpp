#include "supervisor/data_of_run.hpp"

#include <cctype>

#include <fmt/format.h>

namespace stoker::supervisor {
namespace {

bool ends_name(const std::string& text, std::size_t at) {
  return at >= text.size() || (std::isalnum(static_cast<unsigned char>(text[at])) == 0 && text[at] != '_');
}

/// Every `what` that is not the beginning of a longer name.
void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    const bool whole = ends_name(text, at + what.size());
    if (whole) text.replace(at, what.size(), with);
    at += whole ? with.size() : what.size();
  }
}

}  // namespace

io::Task<Status> DataOfRun::lay_out(io::Pool& pool) {
  auto work = [this]() -> Status {
    TRY(laid_, data::lay_out(start_.data, {.work = spool_.work(), .own = spool_.path() + "/data"}, stop_));
    return ok();
  };
  co_return co_await io::blocking(pool, std::move(work));
}

std::vector<std::string> DataOfRun::notes() const {
  std::vector<std::string> notes;
  for (const auto& laid : laid_)
    if (!laid.note.empty()) notes.push_back(laid.note);
  return notes;
}

RunSpec DataOfRun::with_data(RunSpec spec) const {
  for (std::size_t i = 0; i < laid_.size(); ++i) {
    const auto placeholder = placeholder_of(start_.data[i].binding);
    if (placeholder.empty()) continue;
    for (auto* list : {&spec.arguments, &spec.argv})
      for (auto& argument : *list) replace_all(argument, placeholder, laid_[i].value);
    if (spec.command) replace_all(*spec.command, placeholder, shell_quoted(laid_[i].value));
  }
  return spec;
}

std::map<std::string, std::string> DataOfRun::variables() const {
  std::map<std::string, std::string> variables;
  for (std::size_t i = 0; i < laid_.size(); ++i)
    for (const auto& name : variables_of(start_.data[i].binding)) variables[name] = laid_[i].value;
  return variables;
}

io::Task<std::vector<std::string>> DataOfRun::deliver(io::Pool& pool) {
  auto work = [this] {
    auto failures = data::deliver(start_.data, laid_, stop_);
    data::clear(start_.data, laid_);
    return failures;
  };
  co_return co_await io::blocking(pool, std::move(work));
}

void add_failures(Outcome& outcome, const std::vector<std::string>& failures) {
  const bool ended_well = outcome.end.reason == EndReason::kExited && outcome.end.exit_code == 0 && !outcome.error;
  if (failures.empty() || !ended_well) return;
  outcome.end.message += ", but its data could not be stored";
  outcome.error = RunError{.code = "UserError", .message = fmt::format("{}", fmt::join(failures, "\n")), .type = {}, .trace = {}, .hint = {}};
}

std::string shell_quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += "'\\''";
    else quoted += c;
  }
  return quoted + "'";
}

}  // namespace stoker::supervisor
