// SPDX-License-Identifier: Apache-2.0
// Outgoing HTTP: webhooks, remotes, and the CLI's calls to a server.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace slipway::fetch {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method = "GET";
  std::string url;  // http or https
  Headers headers;
  std::string body;
  int timeout_ms = 30'000;  // for the whole exchange
  int connect_timeout_ms = 5'000;
  std::size_t body_limit = 64 << 20;  // of the answer
  // Refuses to connect to an address that is not public (fetch/address.h), whatever the name
  // resolved to before, and goes past proxies.
  bool public_only = false;
  // When set, `upload_size` bytes are taken from here piece by piece instead of from `body`: fills
  // at most `size` bytes and answers how many; a negative number gives the exchange up.
  std::function<std::int64_t(char* into, std::size_t size)> upload;
  std::uint64_t upload_size = 0;
  // When set, the answer's body goes here piece by piece and not into Response::body; return false
  // to stop.
  std::function<bool(std::string_view)> on_body;
};

struct Response {
  int status = 0;
  Headers headers;  // names in lower case
  std::string body;
};

// An answer of any status is a value; `unavailable` when there was none (the message says why:
// refused, name not found, certificate, ..), `deadline` when it took too long. Thread-safe.
Result<Response> send(const Request& request);

}  // namespace slipway::fetch
