#include "supervisor/processes/leftovers.hpp"

#include <signal.h>

#include <chrono>
#include <ctime>

#include "base/log.hpp"
#include "supervisor/processes/containment.hpp"
#include "supervisor/processes/process_tree.hpp"

namespace stoker::supervisor {
namespace {

// A process and all below it. Children first: killed first, it would hand them to init, where only their mark finds them.
bool kill_tree(const io::ProcessIdentity& process) {
  if (!io::is_alive(process)) return false;
  kill_descendants(process.pid);
  const auto status = io::send_signal(process, SIGKILL);
  if (!status) log::warning("supervisor", "leftover process not killed", {{"pid", process.pid}, {"cause", status.error().to_line()}});
  return true;
}

bool kill_round(const std::string& key, const std::optional<SpoolIdentity>& identity, ControlGroup& group) {
  bool found = !group.kill();
  if (identity && identity->boot_id == io::boot_id()) {
    found = kill_tree(identity->keeper) || found;
    if (identity->main) found = kill_tree(*identity->main) || found;
  }
  for (const auto& process : io::find_by_environment("STOKER_ATTEMPT", key)) found = kill_tree(process) || found;
  return found;
}

}  // namespace

bool kill_leftovers(const std::string& attempt_key, const std::optional<SpoolIdentity>& identity) {
  auto group = ControlGroup::find(attempt_key, identity ? identity->groups : std::vector<std::string>{});
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  const timespec moment{0, 5'000'000};
  bool clean = false;
  while (!(clean = !kill_round(attempt_key, identity, group)) && std::chrono::steady_clock::now() < until) ::nanosleep(&moment, nullptr);
  if (!clean) log::error("supervisor", "leftover processes would not end", {{"attempt", attempt_key}});
  group.remove();
  return clean;
}

std::string why_lost(const std::optional<SpoolIdentity>& identity, const std::string& boot_id_now) {
  return identity && identity->boot_id != boot_id_now ? "the machine was restarted" : "its supervisor was killed";
}

}  // namespace stoker::supervisor
