#include "snapshots/store/outbox.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_set>

namespace stoker::snapshots {
namespace {

constexpr std::size_t kBatch = 4U << 20;     // asked about at once
constexpr std::size_t kSendSize = 6U << 20;  // a pack goes when its frames reach this; with the last batch it stays below kMaxPack
constexpr std::size_t kBuffer = kBatch + kMaxObject + 1;

}  // namespace

Outbox::Outbox(Remote* remote, SentTotals& totals) : remote_(remote), totals_(totals), buffer_(new char[kBuffer]) {}

Result<char*> Outbox::room(std::size_t size) {
  const bool is_full = used_ > 0 && (used_ + size > kBuffer || used_ >= kBatch || items_.size() >= kMaxQuestion);
  if (is_full) CHECK_OK(pack_missing());
  return buffer_.get() + used_;
}

void Outbox::add(const Digest& digest, ObjectKind kind, std::size_t size) {
  if (remote_ == nullptr) return;
  items_.push_back({digest, kind, static_cast<std::uint32_t>(used_), static_cast<std::uint32_t>(size)});
  used_ += size;
}

Status Outbox::add_copy(const Digest& digest, ObjectKind kind, std::string_view bytes) {
  if (remote_ == nullptr) return ok();
  TRY(char* const into, room(bytes.size()));
  std::memcpy(into, bytes.data(), bytes.size());
  add(digest, kind, bytes.size());
  return ok();
}

Status Outbox::pack_missing() {
  std::vector<Digest> question;
  question.reserve(items_.size());
  for (const Item& item : items_) question.push_back(item.digest);
  std::sort(question.begin(), question.end());
  question.erase(std::unique(question.begin(), question.end()), question.end());
  TRY(const auto answer, remote_->missing(question));
  std::unordered_set<Digest> wanted(answer.begin(), answer.end());
  for (const Item& item : items_) {
    if (wanted.erase(item.digest) == 0) continue;  // there, or met before in this batch
    frames_.add(item.digest, item.kind, std::string_view(buffer_.get() + item.offset, item.size));
    ++totals_.objects;
  }
  items_.clear();
  used_ = 0;
  return frames_.ready_size() < kSendSize ? ok() : send();
}

Status Outbox::send() {
  std::string frames = frames_.take_frames(true);
  if (frames.empty()) return ok();
  frames.insert(0, pack_header());
  frames += pack_end(frames_.frames(), frames_.objects());
  frames_.reset_counts();
  CHECK_OK(remote_->send_pack(frames));
  totals_.bytes += frames.size();
  return ok();
}

Status Outbox::finish() {
  if (remote_ == nullptr) return ok();
  if (!items_.empty()) CHECK_OK(pack_missing());
  return send();
}

}  // namespace stoker::snapshots
