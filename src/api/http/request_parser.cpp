#include "api/http/request_parser.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace stoker::api {
namespace http = boost::beast::http;
namespace {

using Code = boost::system::error_code;
using Text = boost::beast::string_view;

std::string_view plain(Text text) { return {text.data(), text.size()}; }

class Parser final : public http::basic_parser<true> {
 public:
  Head* head = nullptr;
  std::string* out = nullptr;

 private:
  void on_request_impl(http::verb, Text method, Text target, int version, Code&) override {
    head->set_request(method_from_text(plain(method)), plain(target), version % 10);
  }
  void on_response_impl(int, Text, int, Code&) override {}
  void on_field_impl(http::field, Text name, Text value, Code&) override { head->add(plain(name), plain(value)); }
  void on_header_impl(Code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(Text body, Code&) override {
    if (out != nullptr) out->append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, Text, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, Code&) override {
    if (out != nullptr) out->append(body.data(), body.size());
    return body.size();
  }
  void on_finish_impl(Code&) override {}
};

bool is_word(std::string_view value, std::string_view lower) {
  if (value.size() != lower.size()) return false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const char c = value[i];
    if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != lower[i]) return false;
  }
  return true;
}

}  // namespace

class RequestParser::Beast {
 public:
  std::optional<Parser> parser;
};

RequestParser::RequestParser(std::size_t head_limit) : head_limit_(head_limit), beast_(std::make_unique<Beast>()) { begin(); }
RequestParser::~RequestParser() = default;

void RequestParser::begin() {
  auto& parser = beast_->parser.emplace();
  parser.header_limit(static_cast<std::uint32_t>(head_limit_));
  parser.body_limit(boost::none);  // the route's limit is checked by who reads the body
  expects_continue_ = false;
  refusal_status_ = 400;
}

Error RequestParser::refuse(int status, std::string message) {
  refusal_status_ = status;
  const auto code = status == 431 ? ErrorCode::kInputTooLarge : status == 501 ? ErrorCode::kUnsupported : ErrorCode::kProtocol;
  return {code, std::move(message)};
}

Result<std::size_t> RequestParser::feed_head(std::string_view bytes, Head& head) {
  auto& parser = *beast_->parser;
  parser.head = &head;
  Code code;
  const auto used = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), code);
  if (code == http::error::need_more) {
    if (bytes.size() > head_limit_) return refuse(431, "the head of the request is too large");
    return used;
  }
  if (code == http::error::header_limit) return refuse(431, "the head of the request is too large");
  if (code == http::error::bad_version) return refuse(505, "this version of HTTP is not spoken here, only 1.0 and 1.1");
  if (code) return refuse(400, "this is not an HTTP request: " + code.message());
  if (parser.is_header_done()) CHECK_OK(check_head(head));
  return used;
}

Status RequestParser::check_head(const Head& head) {
  const auto hosts = head.count("host");
  if (hosts > 1 || (hosts == 0 && head.minor_version() == 1)) return refuse(400, "a request has exactly one Host");
  const auto encodings = head.count("transfer-encoding");
  if (encodings > 1 || (encodings == 1 && !is_word(*head.find("transfer-encoding"), "chunked")))
    return refuse(501, "the only transfer encoding that is taken is chunked");
  if (encodings == 1 && (head.count("content-length") > 0 || head.minor_version() == 0)) return refuse(400, "chunks and a length exclude each other");
  if (const auto expect = head.find("expect")) {
    if (!is_word(*expect, "100-continue")) return refuse(417, "nothing but 100-continue can be expected");
    expects_continue_ = head.minor_version() == 1;
  }
  return ok();
}

Result<std::size_t> RequestParser::feed_chunks(std::string_view bytes, std::string& out) {
  auto& parser = *beast_->parser;
  parser.out = &out;
  Code code;
  std::size_t used = 0;
  while (used < bytes.size() && !parser.is_done()) {
    const auto step = parser.put(boost::asio::const_buffer(bytes.data() + used, bytes.size() - used), code);
    used += step;
    if (code == http::error::need_more) break;
    if (code) return refuse(400, "the chunks of the body are broken: " + code.message());
    if (step == 0) break;
  }
  parser.out = nullptr;
  return used;
}

bool RequestParser::head_is_done() const { return beast_->parser->is_header_done(); }
bool RequestParser::is_done() const { return beast_->parser->is_done(); }
bool RequestParser::is_chunked() const { return beast_->parser->chunked(); }
bool RequestParser::keep_alive() const { return beast_->parser->keep_alive(); }

std::optional<std::uint64_t> RequestParser::content_length() const {
  const auto length = beast_->parser->content_length();
  if (!length) return std::nullopt;
  return *length;
}

}  // namespace stoker::api
