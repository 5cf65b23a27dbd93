#include "client/submit.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <future>

#include <fmt/format.h>

#include "base/random.hpp"
#include "client/git.hpp"
#include "client/home.hpp"
#include "client/inherited.hpp"
#include "client/remote_snapshots.hpp"
#include "io/file.hpp"

namespace stoker::client {
namespace {

std::string user_at_host() {
  const auto* entry = ::getpwuid(::geteuid());
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return fmt::format("{}@{}", entry != nullptr ? entry->pw_name : std::to_string(::geteuid()), host.data());
}

/// The client's own folders inside the source: they hold the token and every other run's data, and change while they are read.
std::vector<std::string> homes_below(const SubmitRequest& request) {
  std::vector<std::string> inside;
  const auto home = locate_home(request.variables);
  if (!home) return inside;
  std::error_code failed;
  const auto source = std::filesystem::canonical(request.source_directory, failed).string() + "/";
  for (const auto& folder : {home->directory, home->data_directory}) {
    const auto real = std::filesystem::canonical(folder, failed).string();
    if (!failed && real.starts_with(source)) inside.push_back(real.substr(source.size()));
  }
  return inside;
}

snapshots::BuildOptions build_options(const SubmitRequest& request, const std::string& instance, const ProgressSink& progress) {
  snapshots::BuildOptions options;
  options.source = request.source_directory;
  options.server_instance = instance;
  options.left_out = homes_below(request);
  options.max_bytes = request.max_source_bytes;
  const bool has_index = !request.index_directory.empty() && !instance.empty() && io::make_directories(request.index_directory);
  if (has_index) options.index_path = request.index_directory + "/" + snapshots::index_file_name(request.source_directory, instance);
  if (progress) {
    options.progress = [&progress](const snapshots::Progress& now) {
      progress(
          {.files = now.files, .total_files = now.total_files, .bytes = now.bytes, .total_bytes = now.total_bytes, .sent_bytes = now.sent_bytes});
    };
  }
  return options;
}

Result<SnapshotId> send_snapshot(Client& client, const SubmitRequest& request, const ProgressSink& progress) {
  // An unknown instance costs the index, nothing else; the upload itself tells what is wrong with the server.
  const auto instance = server_instance(client.endpoint().url);
  RemoteSnapshots remote(client.endpoint(), client.renewal());
  TRY(const auto built, snapshots::upload(build_options(request, instance ? *instance : "", progress), remote));
  return built.id();
}

}  // namespace

Result<json::object> submit(Client& client, SubmitRequest request, const ProgressSink& progress) {
  if (!request.source_directory.empty()) request.source_directory = whole_path(request.source_directory);
  if (!request.has_inherited) request.spec.inherited = inherited_variables(request.variables);
  CHECK_OK(check_submit(request));
  // git looks at the folder while the snapshot is made; on a large tree either takes its time.
  std::future<GitState> git;
  const bool asks_git = request.with_git && !request.source_directory.empty();
  if (asks_git) git = std::async(std::launch::async, [&request] { return git_state(request.source_directory, request.variables); });
  if (!request.source_directory.empty() && !request.spec.snapshot) {
    auto snapshot = send_snapshot(client, request, progress);
    if (!snapshot) return Error(snapshot.error()).at(fmt::format("while taking a snapshot of {}", request.source_directory));
    request.spec.snapshot = std::move(*snapshot);
  }
  std::optional<std::string> diff;
  if (asks_git) {
    auto state = git.get();
    request.spec.properties.merge(state.properties);  // what the caller gave stays
    diff = std::move(state.diff);
  }
  request.spec.source_directory = request.source_directory;
  if (request.spec.submitted_by.empty()) request.spec.submitted_by = user_at_host();
  if (request.idempotency_key.empty()) request.idempotency_key = SystemRandom().hex(16);
  return client.submit(request.spec, diff, request.idempotency_key);
}

Result<SourceRecord> record_source(Client& client, SubmitRequest request, const ProgressSink& progress) {
  request.source_directory = whole_path(request.source_directory);
  CHECK_OK(check_submit(request));
  auto snapshot = send_snapshot(client, request, progress);
  if (!snapshot) return Error(snapshot.error()).at(fmt::format("while taking a snapshot of {}", request.source_directory));
  auto git = git_state(request.source_directory, request.variables);
  return SourceRecord{std::move(*snapshot), std::move(git.properties), std::move(git.diff)};
}

}  // namespace stoker::client
