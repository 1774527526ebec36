// SPDX-License-Identifier: Apache-2.0
#include "head.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "base/sortable_id.h"
#include "base/text.h"

namespace slipway::net {
namespace {

bool is_owned_by_the_server(std::string_view name) {
  static constexpr std::string_view kOwned[] = {"content-length", "transfer-encoding", "connection",
                                                "date",           "keep-alive",        "upgrade"};
  return std::any_of(std::begin(kOwned), std::end(kOwned),
                     [&](std::string_view owned) { return equal_ignoring_case(owned, name); });
}

bool is_clean(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

void append(std::string& out, std::string_view name, std::string_view value) {
  ((out += name) += ": ") += value;
  out += "\r\n";
}

}  // namespace

std::string_view reason_of(int status) {
  static constexpr std::pair<int, std::string_view> kReasons[] = {
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {411, "Length Required"},
      {412, "Precondition Failed"},
      {413, "Content Too Large"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {417, "Expectation Failed"},
      {422, "Unprocessable Content"},
      {424, "Failed Dependency"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {499, "Client Closed Request"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
      {505, "HTTP Version Not Supported"},
      {507, "Insufficient Storage"},
  };
  for (const auto& [code, reason] : kReasons) {
    if (code == status) return reason;
  }
  return "Status";
}

bool may_have_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

void write_head(std::string& out, const Response& response, const HeadOptions& options) {
  out.clear();
  (out += options.http_1_0 ? "HTTP/1.0 " : "HTTP/1.1 ") += std::to_string(response.status);
  ((out += ' ') += reason_of(response.status)) += "\r\n";
  for (const auto& [name, value] : response.headers.all()) {
    if (is_owned_by_the_server(name) || name.empty() || !is_clean(name) || !is_clean(value)) {
      continue;
    }
    append(out, name, value);
  }
  if (options.chunked) {
    append(out, "transfer-encoding", "chunked");
  } else if (options.length) {
    append(out, "content-length", std::to_string(*options.length));
  }
  if (!options.request_id.empty() && !response.headers.has("x-request-id")) {
    append(out, "x-request-id", options.request_id);
  }
  if (!options.traceparent.empty() && !response.headers.has("traceparent")) {
    append(out, "traceparent", options.traceparent);
  }
  append(out, "date", options.date);
  if (!options.keep_alive) {
    append(out, "connection", "close");
  } else if (options.http_1_0) {
    append(out, "connection", "keep-alive");
  }
  out += "\r\n";
}

void write_http_date(std::string& into, std::int64_t unix_seconds) {
  const auto seconds = static_cast<std::time_t>(unix_seconds);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 40> text{};
  const auto n = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  into.assign(text.data(), n);
}

void set_request_id(std::string& id, std::string_view sent) {
  const bool sane =
      !sent.empty() && sent.size() <= 128 &&
      std::all_of(sent.begin(), sent.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (sane) {
    id = sent;
  } else {
    write_sortable_id(id);
  }
}

}  // namespace slipway::net
