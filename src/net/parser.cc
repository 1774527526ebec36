// SPDX-License-Identifier: Apache-2.0
#include "parser.h"

#include <algorithm>
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

std::string text_of(View view) {
  return {view.data(), view.size()};
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

 private:
  void refuse(int status, std::string message, error_code& ec) {
    refusal = {status, std::move(message)};
    ec = http::error::bad_value;
  }

  void on_request_impl(http::verb method, View name, View target, int http_version,
                       error_code& ec) override {
    const auto known = method_of(method);
    version = http_version;
    into_.target = text_of(target);
    if (!known) return refuse(501, "the method '" + text_of(name) + "' is not known here", ec);
    if (version != 11 && version != 10) return refuse(505, "only HTTP/1.1 is spoken here", ec);
    into_.method = *known;
  }

  void on_response_impl(int, View, int, error_code&) override {}

  void on_field_impl(http::field field, View name, View value, error_code& ec) override {
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
      if (!equal_ignoring_case(text_of(value), "chunked")) {
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
    into_.headers.add(text_of(name), text_of(value));
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

  void on_chunk_header_impl(std::uint64_t, View, error_code&) override {}

  std::size_t on_chunk_body_impl(std::uint64_t, View bytes, error_code&) override {
    body_.append(bytes.data(), bytes.size());
    return bytes.size();
  }

  void on_finish_impl(error_code&) override {}

  Request& into_;
  std::string& body_;
  bool head_over_ = false;
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
