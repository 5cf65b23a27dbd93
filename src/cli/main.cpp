// The one binary: the CLI, and the server that the CLI starts.
#include <csignal>

#include "cli/command.hpp"
#include "server/server.hpp"

namespace {

stoker::Status serve(const stoker::cli::ServeOptions& options) {
  stoker::server::ServerOptions server;
  server.data = options.data;
  server.listen = options.listen;
  server.personal = options.personal;
  server.home = options.home;
  server.cpu_slots = options.cpu_slots;
  server.gpus = options.gpus;
  server.supervisor_path = options.supervisor;
  server.python_tree = options.python_tree;
  server.database_url = options.database_url;
  return stoker::server::run(server);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGCHLD, SIG_DFL);  // some parents leave it ignored, and then nobody learns how a child ended
  return stoker::cli::main_program(argc, argv, {.serve = serve});
}
