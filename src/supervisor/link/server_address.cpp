#include "supervisor/link/server_address.hpp"

#include <cctype>

#include "base/log.hpp"
#include "io/file.hpp"

namespace stoker::supervisor {

const std::string& ServerAddress::look() {
  auto text = io::read_file(file_, 4096);
  while (text && !text->empty() && std::isspace(static_cast<unsigned char>(text->back())) != 0) text->pop_back();
  if (!text || text->empty() || *text == url_) return url_;
  log::info("supervisor", "the server is elsewhere now", {{"server", *text}});
  url_ = std::move(*text);
  return url_;
}

}  // namespace stoker::supervisor
