#pragma once
// A tracked program on this machine: the folder <home>/console/<run id> with what it wrote (`output`, spool.hpp), what is known of it
// (`session.json`), how it ended (`end.json`, once it did), and `lock`, which the console process holds as long as it lives.
// A folder whose lock is free was left by a crash, or by a server that stayed away: whoever tracks next has it sent.

#include <optional>
#include <string>
#include <vector>

#include "client/client.hpp"
#include "client/console/pump.hpp"
#include "client/home.hpp"
#include "domain/ids.hpp"

namespace stoker::client {

struct ConsoleSession {
  RunId run;
  std::string instance;     // of the server's data; empty: not known
  bool owns = false;        // the run's end is said here
  std::string interpreter;  // whose environment is told; empty: somebody else tells it
  pid_t owner = 0;          // gets SIGTERM when the run is canceled; 0: nobody does
  std::uint32_t writer = 0;
};

/// How a console process is to be started: `<program> __console …`, its own session, the terminal not its own.
struct ConsoleStart {
  ConsoleSession session;
  std::vector<ConsoleInput> inputs;  // echo: 1 or 2, as it sees them
  int control = -1, reply = -1;
  Variables variables;
};
Result<pid_t> start_console(const ConsoleStart& start);
/// Has what was left over sent, by a process of its own for each, in the background.
void send_leftovers(const Variables& variables);

/// The console process itself. Without inputs: sends what is in the folder.
struct ConsoleProcess {
  ConsoleSession session;
  std::vector<ConsoleInput> inputs;
  int control = -1;
  int reply = -1;  // gets "flushed\n", and "delivered\n" once all is with the server
  Variables variables;
  std::function<Result<Client>()> connect;
};
int run_console(ConsoleProcess process);

}  // namespace stoker::client
