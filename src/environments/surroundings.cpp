#include "environments/surroundings.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "io/file.hpp"

namespace stoker::environments {

std::string os_release_value(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != '=') continue;
    line.remove_prefix(name.size() + 1);
    const bool is_quoted = line.size() >= 2 && (line.front() == '"' || line.front() == '\'') && line.back() == line.front();
    return std::string(is_quoted ? line.substr(1, line.size() - 2) : line);
  }
  return {};
}

void add_surroundings(json::object& environment, const std::string& user) {
  utsname system{};
  ::uname(&system);
  const auto release = io::read_file("/etc/os-release", 64U << 10);
  auto name = release ? os_release_value(*release, "PRETTY_NAME") : std::string();
  if (!name.empty()) name += ", ";
  environment["host"] = to_valid_utf8(system.nodename);
  environment["user"] = user.empty() ? std::to_string(::geteuid()) : to_valid_utf8(user);
  environment["platform"] = to_valid_utf8(fmt::format("{}{} {} {}", name, system.sysname, system.release, system.machine));
}

}  // namespace stoker::environments
