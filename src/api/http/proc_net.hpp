#pragma once
// Who is at the other end of a TCP connection of this machine, from /proc/net/tcp and tcp6: the user of a loopback client, and the
// process that has a port. Blocking, short.

#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stoker::api {

struct SocketRow {
  std::string local;  // address and port as the kernel writes them: "0100007F:1F90"
  std::string remote;
  bool is_listening = false;
  uid_t uid = 0;
  std::uint64_t inode = 0;
};
/// The table's text without its first line; lines that are not understood are skipped.
std::vector<SocketRow> parse_socket_table(std::string_view text);
/// As the kernel writes it in the table of its family; empty for another family.
std::string kernel_address(const sockaddr* address);

/// The user who owns the other end of the connected socket; nullopt when it is not on this machine, or not found.
std::optional<uid_t> peer_uid(int socket);
/// "python3 (pid 4711)", empty when /proc does not tell.
std::string process_listening_on(std::uint16_t port);

}  // namespace stoker::api
