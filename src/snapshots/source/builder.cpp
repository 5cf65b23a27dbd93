#include "snapshots/source/builder.hpp"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <mutex>

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/units.hpp"
#include "snapshots/source/hashing.hpp"
#include "snapshots/source/scan.hpp"
#include "snapshots/source/stat_index.hpp"
#include "snapshots/source/tree_building.hpp"

namespace stoker::snapshots {
namespace {

constexpr auto kProgressEvery = std::chrono::milliseconds(50);

/// What an index belongs to. A change of what a snapshot leaves out or how it is encoded must change the first word.
Digest index_key(const std::string& source, std::string_view instance) {
  char resolved[PATH_MAX];
  const std::string_view real = ::realpath(source.c_str(), resolved) != nullptr ? std::string_view(resolved) : std::string_view(source);
  return sha256(fmt::format("1\n{}\n{}", instance, real));
}

/// One pass over a source folder.
class Build {
 public:
  Build(const BuildOptions& options, Remote* remote, const StatIndex* index) : options_(options), remote_(remote), index_(index) {}
  Result<Built> run();
  /// Unless nothing differs from the index that was read.
  Status write_index(const Digest& key);

 private:
  Status check_limits() const;
  void count_known();
  bool is_unchanged() const;
  Status write_folder(const ScanFolder& folder, StatIndexWriter& writer);
  void tick(bool is_last = false);

  const BuildOptions& options_;
  Remote* remote_;
  const StatIndex* index_;
  Scan scan_;
  MistakeList mistakes_;
  HashTotals hashed_;
  SentTotals sent_;
  std::uint64_t known_files_ = 0;
  std::uint64_t known_bytes_ = 0;
  std::mutex progress_mutex_;
  std::chrono::steady_clock::time_point last_progress_;
};

Result<Built> Build::run() {
  scan_.left_out = options_.left_out;
  CHECK_OK(scan_source(options_.source, index_, options_.walk_threads, scan_, mistakes_));
  if (!mistakes_.empty()) return mistakes_.to_error(options_.source);
  CHECK_OK(check_limits());
  count_known();
  std::vector<Outbox> outboxes;
  const unsigned threads = is_unchanged() ? 1 : std::max(1U, options_.send_threads);
  for (unsigned i = 0; i < threads; ++i) outboxes.emplace_back(remote_, sent_);
  if (!is_unchanged()) CHECK_OK(hash_files(scan_, outboxes, hashed_, mistakes_, [this] { tick(); }));
  if (!mistakes_.empty()) return mistakes_.to_error(options_.source);
  CHECK_OK(make_trees(scan_, index_, outboxes.front()));
  CHECK_OK(outboxes.front().finish());
  tick(true);
  return Built{scan_.folders.front().tree, scan_.files, scan_.bytes, hashed_.files, sent_.objects, sent_.bytes};
}

Status Build::check_limits() const {
  const std::string_view hint = "leave out what the run does not need, in a .gitignore or .amlignore file in the folder";
  const auto refuse = [&](std::string message) { return Error(ErrorCode::kInputTooLarge, std::move(message)).hint(std::string(hint)); };
  const std::uint64_t most_files =
      std::min(options_.max_files.value_or(kMaxEntries), kMaxEntries - std::min<std::uint64_t>(kMaxEntries, scan_.folders.size()));
  if (scan_.files > most_files) return refuse(fmt::format("{} holds {} files, and the limit is {}", options_.source, scan_.files, most_files));
  if (options_.max_bytes && scan_.bytes > *options_.max_bytes) {
    return refuse(fmt::format("{} holds {}, and the limit is {}", options_.source, format_bytes(scan_.bytes), format_bytes(*options_.max_bytes)));
  }
  return ok();
}

void Build::count_known() {
  known_files_ = scan_.files;
  known_bytes_ = scan_.bytes;
  for (const ScanFolder& folder : scan_.folders) {
    for (const StatEntry& entry : folder.entries) {
      if (entry.kind != EntryKind::kFile || entry.is_known()) continue;
      --known_files_;
      known_bytes_ -= entry.size;
    }
  }
}

bool Build::is_unchanged() const {
  return std::all_of(scan_.folders.begin(), scan_.folders.end(), [](const ScanFolder& folder) { return folder.is_clean; });
}

void Build::tick(bool is_last) {
  if (!options_.progress) return;
  std::unique_lock lock(progress_mutex_, std::defer_lock);
  if (is_last) lock.lock();
  if (!is_last && !lock.try_lock()) return;
  const auto now = std::chrono::steady_clock::now();
  if (!is_last && now - last_progress_ < kProgressEvery) return;
  last_progress_ = now;
  options_.progress({known_files_ + hashed_.files, known_bytes_ + hashed_.bytes, scan_.files, scan_.bytes, sent_.bytes});
}

Status Build::write_index(const Digest& key) {
  if (is_unchanged()) return ok();
  StatIndexWriter writer(options_.index_path);
  CHECK_OK(writer.begin());
  for (ScanFolder& folder : scan_.folders) {
    CHECK_OK(write_folder(folder, writer));
    folder.entries = {};
    folder.names = {};
  }
  return writer.finish(key);
}

Status Build::write_folder(const ScanFolder& folder, StatIndexWriter& writer) {
  std::vector<StatEntry> entries = folder.entries;
  std::string names = folder.names;
  if (folder.is_clean) {
    const auto old = index_->entries(folder.old);
    entries.assign(old.begin(), old.end());
    names.clear();
    for (StatEntry& entry : entries) {
      const std::string_view name = index_->name(folder.old, entry);
      entry.name_offset = static_cast<std::uint32_t>(names.size());
      names += name;
    }
  }
  std::size_t child = 0;
  for (StatEntry& entry : entries) {
    entry.folder = entry.kind == EntryKind::kFolder ? folder.children[child++] : kNoFolder;
    entry.flags = entry.kind != EntryKind::kFolder && entry.is_newer_than(scan_.racy_limit_ns) ? StatEntry::kRacy : 0;
  }
  return writer.add_folder(folder.tree, entries, names);
}

/// `index` nullptr: believe nothing, hash and offer everything.
Result<Built> upload_once(const BuildOptions& options, Remote& remote, const StatIndex* index, const Digest& key) {
  Build build(options, &remote, index);
  TRY(const Built built, build.run());
  TRY(const SnapshotInfo info, remote.commit(built.root));
  if (info.root != built.root) return Error(ErrorCode::kProtocol, "the server committed another snapshot than it was asked to");
  if (options.index_path.empty()) return built;
  if (const Status written = build.write_index(key); !written) {
    log::warning("snapshots", "the stat index was not written: the next snapshot hashes everything again", {{"error", written.error().to_line()}});
  }
  return built;
}

}  // namespace

Result<Built> build(const BuildOptions& options) {
  const auto index = options.index_path.empty() ? nullptr : StatIndex::open(options.index_path, index_key(options.source, options.server_instance));
  return Build(options, nullptr, index.get()).run();
}

Result<Built> upload(const BuildOptions& options, Remote& remote) {
  const Digest key = index_key(options.source, options.server_instance);
  const auto index = options.index_path.empty() ? nullptr : StatIndex::open(options.index_path, key);
  if (index) {
    auto built = upload_once(options, remote, index.get(), key);
    if (built || built.error().code() != ErrorCode::kConflict) return built;
    log::info("snapshots", "the server lacks what the index says it has: sending everything that is missing", {{"source", options.source}});
  }
  return upload_once(options, remote, nullptr, key);
}

std::string index_file_name(std::string_view source, std::string_view server_instance) {
  return sha256(fmt::format("{}\n{}", server_instance, source)).hex().substr(0, 32) + ".index";
}

}  // namespace stoker::snapshots
