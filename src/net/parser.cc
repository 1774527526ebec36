// SPDX-License-Identifier: Apache-2.0
#include "parser.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <optional>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include "base/text.h"

namespace slipway::net {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
using View = boost::beast::string_view;

constexpr std::size_t kMaxFields = 128;
constexpr std::size_t kMaxExtensions = 16 * 1024;  // bytes of chunk extensions beyond the data's

std::string text_of(View view) {
  return {view.data(), view.size()};
}

// A value that went on in a further line is put together elsewhere, or begins behind a line's end.
bool is_folded(View bytes, View name, View value) {
  const std::less<const char*> before;
  const char* const after_name = name.data() + name.size();
  if (before(value.data(), after_name) || before(bytes.data() + bytes.size(), value.data())) {
    return true;
  }
  return std::find(after_name, value.data(), '\r') != value.data();
}

bool has_controls(View text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

// RFC 9112, 6.1 and 6.3: only where `chunked` comes last, and once, is it known where a body ends.
bool ends_in_chunked(std::string_view codings) {
  const auto last = codings.rfind(',');
  const auto at = last == std::string_view::npos ? 0 : last + 1;
  return equal_ignoring_case(trim(codings.substr(at)), "chunked");
}

bool names_chunked_before_the_end(std::string_view codings) {
  const auto last = codings.rfind(',');
  if (last == std::string_view::npos) return false;
  for (const auto& one : split(codings.substr(0, last), ',')) {
    if (equal_ignoring_case(trim(one), "chunked")) return true;
  }
  return false;
}

std::optional<Method> method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return Method::get;
    case http::verb::head:
      return Method::head;
    case http::verb::post:
      return Method::post;
    case http::verb::put:
      return Method::put;
    case http::verb::patch:
      return Method::patch;
    case http::verb::delete_:
      return Method::del;
    case http::verb::options:
      return Method::options;
    default:
      return std::nullopt;
  }
}

class Parser final : public http::basic_parser<true> {
 public:
  Parser(Request& into, std::string& body, std::size_t header_limit) : into_(into), body_(body) {
    basic_parser::header_limit(static_cast<std::uint32_t>(header_limit));
    basic_parser::body_limit(boost::none);
    basic_parser::eager(false);
  }

  Refusal refusal;
  bool expects_continue = false;
  int version = 11;
  View bytes;  // what is being parsed

 private:
  void refuse(int status, std::string message, error_code& ec) {
    refusal = {status, std::move(message)};
    ec = http::error::bad_value;
  }

  void on_request_impl(http::verb method, View name, View target, int http_version,
                       error_code& ec) override {
    const auto known = method_of(method);
    version = http_version;
    into_.target.assign(target.data(), target.size());
    if (!known) return refuse(501, "the method '" + text_of(name) + "' is not known here", ec);
    if (version != 11 && version != 10) return refuse(505, "only HTTP/1.1 is spoken here", ec);
    into_.method = *known;
  }

  void on_response_impl(int, View, int, error_code&) override {}

  void on_field_impl(http::field field, View name, View value, error_code& ec) override {
    if (is_folded(bytes, name, value)) {
      return refuse(400, "the header field '" + text_of(name) + "' is folded over several lines",
                    ec);
    }
    if (head_over_) return;  // trailers carry nothing that we want, and must not act as headers
    if (into_.headers.all().size() >= kMaxFields) return refuse(431, "too many header fields", ec);
    if (field == http::field::content_length) {
      const bool digits =
          !value.empty() && value.size() <= 18 &&
          std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
      if (!digits || into_.headers.has("content-length") ||
          into_.headers.has("transfer-encoding")) {
        return refuse(400, "the length of the body is not given clearly (content-length)", ec);
      }
      into_.content_length = static_cast<std::uint64_t>(*parse_int(text_of(value)));
    } else if (field == http::field::transfer_encoding) {
      if (into_.headers.has("content-length") || into_.headers.has("transfer-encoding") ||
          version == 10) {
        return refuse(400, "the length of the body is not given clearly (transfer-encoding)", ec);
      }
      const auto codings = text_of(value);
      if (!ends_in_chunked(codings) || names_chunked_before_the_end(codings)) {
        return refuse(
            400, "the transfer encoding '" + codings + "' does not say where the body ends", ec);
      }
      if (!equal_ignoring_case(codings, "chunked")) {
        return refuse(501, "the transfer encoding '" + text_of(value) + "' is not known here", ec);
      }
    } else if (field == http::field::host && into_.headers.has("host")) {
      return refuse(400, "more than one host field", ec);
    } else if (field == http::field::expect) {
      if (!equal_ignoring_case(text_of(value), "100-continue")) {
        return refuse(417, "the expectation '" + text_of(value) + "' cannot be met", ec);
      }
      expects_continue = version == 11;
    }
    into_.headers.add({name.data(), name.size()}, {value.data(), value.size()});
  }

  void on_header_impl(error_code& ec) override {
    head_over_ = true;
    if (version == 11 && !into_.headers.has("host")) return refuse(400, "no host field", ec);
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}

  std::size_t on_body_impl(View bytes, error_code&) override {
    body_.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  // Extensions say nothing here. They are bounded, or a body of tiny chunks would cost many times
  // what it holds, and hold no bytes that another server may take for the end of a line.
  void on_chunk_header_impl(std::uint64_t size, View extensions, error_code& ec) override {
    if (has_controls(extensions)) return refuse(400, "control characters in a chunk's head", ec);
    extensions_ += extensions.size();
    if (extensions_ > kMaxExtensions) return refuse(400, "too many chunk extensions", ec);
    const auto paid = std::min<std::uint64_t>(size, kMaxExtensions);
    extensions_ -= std::min(extensions_, static_cast<std::size_t>(paid));
  }

  std::size_t on_chunk_body_impl(std::uint64_t, View bytes, error_code&) override {
    body_.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  void on_finish_impl(error_code&) override {}

  Request& into_;
  std::string& body_;
  bool head_over_ = false;
  std::size_t extensions_ = 0;
};

}  // namespace

struct RequestParser::Impl {
  std::size_t header_limit = 0;
  std::string body;
  std::optional<Parser> parser;
};

RequestParser::RequestParser(std::size_t header_limit) : impl_(std::make_unique<Impl>()) {
  impl_->header_limit = header_limit;
}

RequestParser::~RequestParser() = default;

void RequestParser::reset(Request& into) {
  impl_->body.clear();
  impl_->parser.emplace(into, impl_->body, impl_->header_limit);
}

std::size_t RequestParser::put(std::string_view bytes, Refusal& refusal) {
  auto& parser = *impl_->parser;
  error_code ec;
  parser.bytes = View(bytes.data(), bytes.size());
  const auto taken = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), ec);
  if (ec && ec != http::error::need_more) {
    if (parser.refusal.status != 0) {
      refusal = parser.refusal;
    } else if (ec == http::error::header_limit || ec == http::error::buffer_overflow) {
      refusal = {431, "the head of the request is larger than " +
                          std::to_string(impl_->header_limit) + " bytes"};
    } else if (ec == http::error::bad_version) {
      refusal = {505, "only HTTP/1.1 is spoken here"};
    } else {
      refusal = {400, "malformed HTTP request: " + ec.message()};
    }
    return 0;
  }
  if (parser.is_header_done()) parser.eager(true);
  return taken;
}

bool RequestParser::head_done() const {
  return impl_->parser->is_header_done();
}
bool RequestParser::done() const {
  return impl_->parser->is_done();
}
bool RequestParser::keep_alive() const {
  return impl_->parser->keep_alive();
}
bool RequestParser::expects_continue() const {
  return impl_->parser->expects_continue;
}
bool RequestParser::is_http_1_0() const {
  return impl_->parser->version == 10;
}
std::string& RequestParser::body() {
  return impl_->body;
}

}  // namespace slipway::net
