#pragma once
// Where the server is: what --server said, until the slot's file `server` names another place. The target writes it there when a
// server comes back under another address while this supervisor lives.

#include <string>

namespace stoker::supervisor {

class ServerAddress {
 public:
  ServerAddress(std::string url, std::string file) : url_(std::move(url)), file_(std::move(file)) {}
  const std::string& url() const { return url_; }
  /// Reads the file again; before each try to connect. No file, or an empty one, changes nothing.
  const std::string& look();

 private:
  std::string url_;
  std::string file_;
};

}  // namespace stoker::supervisor
