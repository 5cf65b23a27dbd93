#include "api/http/proc_net.hpp"

#include <netinet/in.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

#include <fmt/format.h>

#include "io/file.hpp"
#include "io/process.hpp"

namespace stoker::api {
namespace {

std::vector<std::string_view> words(std::string_view line) {
  std::vector<std::string_view> list;
  while (!line.empty()) {
    const auto from = line.find_first_not_of(' ');
    if (from == std::string_view::npos) break;
    const auto to = line.find(' ', from);
    list.push_back(line.substr(from, to == std::string_view::npos ? to : to - from));
    line = to == std::string_view::npos ? std::string_view() : line.substr(to);
  }
  return list;
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  return std::from_chars(text.data(), text.data() + text.size(), out).ec == std::errc();
}

std::vector<SocketRow> read_table(const char* path) {
  const auto text = io::read_file(path);
  return text ? parse_socket_table(*text) : std::vector<SocketRow>();
}

/// A client may have reached an IPv4 address through an IPv6 socket (::ffff:127.0.0.1).
bool same_address(std::string_view row, std::string_view wanted) {
  constexpr std::string_view kMapped = "0000000000000000FFFF0000";
  if (row.starts_with(kMapped) && wanted.size() < kMapped.size()) row.remove_prefix(kMapped.size());
  return row == wanted;
}

bool has_socket(pid_t pid, std::uint64_t inode) {
  const auto folder = fmt::format("/proc/{}/fd", pid);
  const auto wanted = fmt::format("socket:[{}]", inode);
  const auto names = io::list_directory(folder);
  if (!names) return false;
  for (const auto& name : *names) {
    char link[64];
    const auto size = readlink((folder + "/" + name).c_str(), link, sizeof link);
    if (size > 0 && std::string_view(link, static_cast<std::size_t>(size)) == wanted) return true;
  }
  return false;
}

std::string describe(pid_t pid) {
  auto name = io::read_file(fmt::format("/proc/{}/comm", pid), 256);
  if (!name) return fmt::format("pid {}", pid);
  while (!name->empty() && name->back() == '\n') name->pop_back();
  return fmt::format("{} (pid {})", *name, pid);
}

}  // namespace

std::vector<SocketRow> parse_socket_table(std::string_view text) {
  // "  sl  local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …"
  std::vector<SocketRow> rows;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    const auto line = words(text.substr(at, end == std::string_view::npos ? end : end - at));
    at = end == std::string_view::npos ? text.size() : end + 1;
    SocketRow row;
    if (line.size() < 10 || !read_number(line[7], row.uid) || !read_number(line[9], row.inode)) continue;
    row.local = line[1];
    row.remote = line[2];
    row.is_listening = line[3] == "0A";
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string kernel_address(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    return fmt::format("{:08X}:{:04X}", v4->sin_addr.s_addr, ntohs(v4->sin_port));
  }
  if (address->sa_family != AF_INET6) return {};
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
  std::uint32_t parts[4];
  std::memcpy(parts, &v6->sin6_addr, sizeof parts);
  return fmt::format("{:08X}{:08X}{:08X}{:08X}:{:04X}", parts[0], parts[1], parts[2], parts[3], ntohs(v6->sin6_port));
}

std::optional<uid_t> peer_uid(int socket) {
  sockaddr_storage here{}, there{};
  socklen_t here_size = sizeof here, there_size = sizeof there;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&here), &here_size) != 0) return std::nullopt;
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&there), &there_size) != 0) return std::nullopt;
  // The other end's row has our addresses the other way round.
  const auto local = kernel_address(reinterpret_cast<sockaddr*>(&there));
  const auto remote = kernel_address(reinterpret_cast<sockaddr*>(&here));
  for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    for (const auto& row : read_table(path))
      if (same_address(row.local, local) && same_address(row.remote, remote)) return row.uid;
  }
  return std::nullopt;
}

std::string process_listening_on(std::uint16_t port) {
  const auto ending = fmt::format(":{:04X}", port);
  for (const char* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    for (const auto& row : read_table(path)) {
      if (!row.is_listening || !row.local.ends_with(ending)) continue;
      for (const auto& process : io::list_processes())
        if (has_socket(process.pid, row.inode)) return describe(process.pid);
    }
  }
  return {};
}

}  // namespace stoker::api
