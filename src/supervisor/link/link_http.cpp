#include "supervisor/link/link_http.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>

namespace stoker::supervisor {

bool is_server_away(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kServerUnreachable:
    case ErrorCode::kTimeout:
    case ErrorCode::kOverloaded:
    case ErrorCode::kStorageFull:
    case ErrorCode::kDataBusy: return true;
    default: return error.is_retryable();
  }
}

io::Task<void> BackOff::wait() {
  const auto now = next_;
  next_ = std::min<std::chrono::milliseconds>(next_ * 2, std::chrono::seconds(5));
  co_await io::sleep_for(now);
}

HttpWorkers::HttpWorkers(io::Loop& loop, io::HttpOptions options, unsigned threads, const ServerAddress* address)
    : loop_(loop), options_(std::move(options)), threads_(threads), address_(address) {}

HttpWorkers::~HttpWorkers() {
  for (auto& client : busy_) client->interrupt();
}

void HttpWorkers::follow_address() {
  if (address_ == nullptr || address_->url() == options_.url) return;
  options_.url = address_->url();
  free_.clear();
  outdated_ = busy_;
}

Result<std::shared_ptr<io::HttpClient>> HttpWorkers::take_client() {
  follow_address();
  if (free_.empty()) {
    TRY(auto client, io::HttpClient::create(options_));
    free_.push_back(std::make_shared<io::HttpClient>(std::move(client)));
  }
  auto client = std::move(free_.back());
  free_.pop_back();
  busy_.push_back(client);
  return client;
}

void HttpWorkers::give_back(std::shared_ptr<io::HttpClient> client) {
  std::erase(busy_, client);
  if (std::erase(outdated_, client) > 0) return;
  if (free_.size() < threads_) free_.push_back(std::move(client));
}

void HttpWorkers::post(std::function<void()> work) {
  if (!pool_) pool_ = std::make_unique<io::Pool>(threads_);
  io::asio::post(pool_->executor(), std::move(work));
}

}  // namespace stoker::supervisor
