// SPDX-License-Identifier: Apache-2.0
// The first bytes of an answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace slipway::net {

std::string_view reason_of(int status);
bool may_have_body(int status);

struct HeadOptions {
  bool keep_alive = true;
  bool http_1_0 = false;
  bool chunked = false;
  std::optional<std::uint64_t> length;
  std::string_view date;  // as in the Date field; changes once a second
  std::string_view request_id;
  std::string_view traceparent;
};

// Replaces `out`. Fields that the server owns (length, connection, date) are left out of the
// handler's; names and values with control characters are dropped.
void write_head(std::string& out, const Response& response, const HeadOptions& options);

// "Sun, 06 Nov 1994 08:49:37 GMT"
void write_http_date(std::string& into, std::int64_t unix_seconds);

// The x-request-id that was sent if it is sane, else a new one.
void set_request_id(std::string& id, std::string_view sent);

}  // namespace slipway::net
