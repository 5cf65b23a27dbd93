#pragma once
// For the tests of this folder: real folders and stores, and a Remote that is a store in the same process.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "snapshots/laying/materialize.hpp"
#include "snapshots/source/builder.hpp"
#include "snapshots/store/object_store.hpp"
#include "snapshots/store/pack.hpp"

namespace stoker::snapshots::testing {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = "/tmp/stoker-snapshots-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline void write_file(const std::string& path, std::string_view content) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

inline std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(std::filesystem::file_size(path), '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  return text;
}

inline std::string random_bytes(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < size; at += 8) {
    const std::uint64_t word = random();
    std::memcpy(bytes.data() + at, &word, std::min<std::size_t>(8, size - at));
  }
  return bytes;
}

/// path → "f755:content" | "d" | "l:target", of everything below a folder. Long content by its digest.
inline std::map<std::string, std::string> describe(const std::string& folder) {
  std::map<std::string, std::string> all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().lexically_relative(folder);
    if (entry.is_symlink()) {
      all[name] = "l:" + std::filesystem::read_symlink(entry.path()).string();
    } else if (entry.is_directory()) {
      all[name] = "d";
    } else {
      const bool executable = (entry.status().permissions() & std::filesystem::perms::owner_exec) != std::filesystem::perms::none;
      const std::string text = read_text(entry.path());
      all[name] = (executable ? "f755:" : "f644:") + (text.size() < 200 ? text : sha256(text).hex());
    }
  }
  return all;
}

class StoreRemote : public Remote {
 public:
  explicit StoreRemote(ObjectStore& store) : store_(&store) {}
  Result<std::vector<Digest>> missing(std::span<const Digest> digests) override {
    ++questions;
    return store_->missing(digests);
  }
  Status send_pack(std::string_view pack) override {
    ++packs;
    StringReader reader(pack);
    const auto added = store_->add_pack(reader);
    if (!added) return added.error();
    return ok();
  }
  Result<SnapshotInfo> commit(const Digest& root) override {
    ++commits;
    return store_->commit(root);
  }
  std::atomic<int> questions{0}, packs{0}, commits{0};

 private:
  ObjectStore* store_;
};

template <class T>
T must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << result.error().to_terminal();
    std::abort();
  }
  return std::move(*result);
}
inline void must(const Status& status) {
  if (!status) FAIL() << status.error().to_terminal();
}
template <class T>
ErrorCode code_of(const Result<T>& result) {
  return result ? ErrorCode::kInternal : result.error().code();
}

inline std::unique_ptr<ObjectStore> open_store(const std::string& path, StoreOptions options = {}) { return must(ObjectStore::open(path, options)); }

/// A pack of blobs.
inline std::string pack_of(const std::vector<std::string>& contents, ObjectKind kind = ObjectKind::kBlob) {
  FrameWriter writer;
  for (const auto& content : contents) writer.add(sha256(content), kind, content);
  std::string pack = pack_header() + writer.take_frames(true);
  return pack + pack_end(writer.frames(), writer.objects());
}

inline Result<PackStats> add(ObjectStore& store, std::string_view pack) {
  StringReader reader(pack);
  return store.add_pack(reader);
}

/// Until what was written so far no longer counts as changed just now: the passing of time is what is tested.
inline void leave_racy_window() { ::usleep(80'000); }

}  // namespace stoker::snapshots::testing
