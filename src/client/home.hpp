#pragma once
// STOKER_HOME: where the clients of one user keep the token, the address and the data of the server that they start by themselves.
// Everything in it belongs to the user alone: 0700 for the folder, 0600 for what is secret; anything looser is refused, not repaired.
//   token  server.json  port  server.log  start.lock  data/ (unless STOKER_DATA names another folder)

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "io/process.hpp"

namespace stoker::client {

/// Environment variables by name. Functions take them as an argument, so that tests need not change the process.
using Variables = std::map<std::string, std::string>;
Variables own_variables();
/// Empty when it is not set.
std::string variable(const Variables& variables, const std::string& name);

struct Home {
  std::string directory;       // absolute
  std::string data_directory;  // STOKER_DATA, else <directory>/data; absolute
  std::string token_file() const { return directory + "/token"; }
  std::string record_file() const { return directory + "/server.json"; }
  std::string port_file() const { return directory + "/port"; }
  std::string log_file() const { return directory + "/server.log"; }
  std::string lock_file() const { return directory + "/start.lock"; }
};

/// Where the home is (STOKER_HOME, else ~/.stoker); touches nothing.
Result<Home> locate_home(const Variables& variables);
/// Creates the folder (0700) where it is missing. kForbidden when it is another user's or open to others.
Status prepare_home(const Home& home);
/// kDataLocation when the data folder would lie on a network file system; the hint names STOKER_DATA.
Status check_data_location(const Home& home);

/// 64 hexadecimal digits. Made on the first call; of many callers at once all get the same one.
Result<std::string> read_or_make_token(const Home& home);
/// kUnauthenticated when there is none (yet).
Result<std::string> read_token(const Home& home);

/// server.json, written by the server when it is ready and removed when it stops in good order (a crash leaves it).
struct ServerRecord {
  std::string url;       // http://127.0.0.1:PORT
  std::string instance;  // what /healthz answers: another program on the port is told from our server
  std::string host;
  std::string version;
  io::ProcessIdentity process;
};
/// nullopt when there is none or it is torn.
std::optional<ServerRecord> read_server_record(const Home& home);
Status write_server_record(const Home& home, const ServerRecord& record);

/// The port that the self-started server keeps, so that addresses inside live runs stay valid; 0 when none was picked yet.
std::uint16_t kept_port(const Home& home);
Status keep_port(const Home& home, std::uint16_t port);

/// The last `count` lines of server.log from byte `from` on; empty when there are none.
std::string log_tail(const Home& home, std::uint64_t from, std::size_t count);

}  // namespace stoker::client
