// How the records of a run get into its file.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "metrics/block_writer.hpp"
#include "metrics/run_metrics.hpp"

namespace stoker::metrics {
namespace {

constexpr std::uint32_t kLeastWhole = kPointsPerBlock / 2;  // a block with fewer points is merged when the file is written anew
constexpr std::uint64_t kSmallFile = 64U << 10;

std::string folder_of(const std::string& path) { return std::filesystem::path(path).parent_path().string(); }

/// The bytes of a fold, written piece by piece: memory stays that of a block, whatever the run holds.
class FoldWriter {
 public:
  FoldWriter(int fd, std::uint64_t offset, Dictionary shapes) : fd_(fd), offset_(offset), shapes_(std::move(shapes)), blocks_(shapes_) {}

  Status add_points(const RunView& view, const BlockPlace* place) {
    Status done = ok();
    std::vector<std::uint32_t> numbers;  // by number of the visit
    const auto take = [&](const Visited& visited) {
      if (visited.number >= numbers.size()) numbers.resize(visited.number + 1, UINT32_MAX);
      auto& number = numbers[visited.number];
      if (number == UINT32_MAX) number = shapes_.number_of(visited.shape);
      blocks_.add(number, visited.raw, visited.context);
      if (blocks_.is_full()) done = flush();
      return done.has_value();
    };
    const auto all = [](const Shape&) { return true; };
    if (place == nullptr) {
      CHECK_OK(view.visit_records(all, take));
      return done;
    }
    TRY(const auto front, read_front(view, *place));
    CHECK_OK(view.visit_block(*place, front, all, take));
    return done;
  }
  /// As it is: shapes are numbered in order of their first point, so their numbers stay the same.
  Status copy(const RunView& view, const BlockPlace& place) {
    CHECK_OK(flush());
    TRY(const auto front, read_front(view, place));
    for (const auto& shape : front.new_shapes) shapes_.number_of(shape);
    blocks_.skip_known();
    TRY(const auto bytes, view.bytes.read(place.offset, place.size));
    return write(bytes);
  }
  Status flush() {
    std::string bytes;
    blocks_.finish(bytes);
    return write(bytes);
  }
  /// The fold counts with these bytes, so they come when all others are on the disk.
  Status finish(const RunState& state) {
    BlockFront front;
    front.is_last = true;
    front.state = state;
    std::string bytes;
    encode_front(front, bytes);
    return write(bytes);
  }

 private:
  Status write(std::string_view bytes) {
    CHECK_OK(io::write_all_at(fd_, bytes, offset_));
    offset_ += bytes.size();
    return ok();
  }
  const int fd_;
  std::uint64_t offset_;
  Dictionary shapes_;
  BlockWriter blocks_;
};

/// Whether so much of the file lies in small blocks that it is better written anew.
bool is_scattered(const FoldedRun& folded) {
  std::uint64_t scattered = 0;
  for (const auto& block : folded.blocks) scattered += block.points < kLeastWhole ? block.size : 0;
  return folded.size <= kSmallFile || scattered >= folded.size / 4;
}

/// Everything into a file that is to take the place of the old one.
Status write_anew(const std::string& path, const RunView& view, const RunState& state) {
  CHECK_OK(io::make_directories(folder_of(path)));
  TRY(const auto file, io::open_file(path, O_RDWR | O_CREAT | O_TRUNC, 0600));
  CHECK_OK(io::write_all_at(file.get(), encode_file_header(), 0));
  FoldWriter writer(file.get(), encode_file_header().size(), {});
  for (std::size_t i = 0; view.folded && i < view.folded->blocks.size(); ++i) {
    const auto& block = view.folded->blocks[i];
    CHECK_OK(block.points < kLeastWhole ? writer.add_points(view, &block) : writer.copy(view, block));
  }
  CHECK_OK(writer.add_points(view, nullptr));
  CHECK_OK(writer.flush());
  CHECK_OK(writer.finish(state));
  return io::sync_file(file.get());
}

Status write_behind(const std::string& path, const RunView& view, const RunState& state) {
  TRY(const auto file, io::open_file(path, O_RDWR));
  const auto size = view.folded->size;
  if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0) return errno_error("cannot cut " + path, errno);
  FoldWriter writer(file.get(), size, view.folded->shapes);
  CHECK_OK(writer.add_points(view, nullptr));
  CHECK_OK(writer.flush());
  CHECK_OK(io::sync_file(file.get()));
  CHECK_OK(writer.finish(state));
  return io::sync_file(file.get());
}

}  // namespace

Status RunMetrics::fold(Position durable) {
  RunView view;
  RunState state;
  {
    const std::lock_guard lock(mutex_);
    CHECK_OK(load());
    TRY(view, view_of(durable));
    if (folded_) state = folded_->state;
    if (view.records.empty() && removed_ <= durable) removed_ = 0;
    recount();
  }
  if (view.records.empty()) return sync_folder();
  for (const auto& record : view.records) {
    RecordInfo info;
    if (RecordReader(record->payload).begin(info)) take_record(state, info);
  }
  state.folded = std::max<Position>(view.records.back()->position, 1);
  const auto beside = path_ + ".new";
  const bool is_anew = !view.folded || is_scattered(*view.folded);
  auto done = is_anew ? write_anew(beside, view, state) : write_behind(path_, view, state);
  // What cannot be read any more stays where it is.
  const bool goes_behind = !done && is_anew && view.folded && done.error().code() == ErrorCode::kDataFormat;
  if (goes_behind) done = write_behind(path_, view, state);
  if (!done) return done;
  CHECK_OK(publish(is_anew && !goes_behind ? beside : path_, state.folded));
  return sync_folder();
}

Status RunMetrics::publish(const std::string& written, Position upto) {
  TRY(auto file, io::open_file(written, O_RDONLY));
  TRY(auto folded, read_folded(RunBytes(std::move(file))));
  const std::lock_guard lock(mutex_);
  if (written != path_) {
    // Under the lock: whoever takes a view opens the file that it describes.
    if (::rename(written.c_str(), path_.c_str()) != 0) return errno_error("cannot rename " + written, errno);
    must_sync_folder_ = true;
  }
  folded_ = std::move(folded);
  legacy_.clear();
  std::erase_if(records_, [&](const auto& record) { return record->position <= upto; });
  if (removed_ <= upto) removed_ = 0;
  recount();
  return ok();
}

Status RunMetrics::sync_folder() {
  if (!must_sync_folder_) return ok();
  CHECK_OK(io::sync_directory(folder_of(path_)));
  CHECK_OK(io::sync_directory(folder_of(folder_of(path_))));
  const std::lock_guard lock(mutex_);
  must_sync_folder_ = false;
  recount();
  return ok();
}

}  // namespace stoker::metrics
