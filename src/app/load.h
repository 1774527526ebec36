// SPDX-License-Identifier: Apache-2.0
// A load generator: so many connections that each wait for an answer before they ask again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace slipway::app {

struct LoadAsk {
  std::uint16_t port = 0;  // on this machine
  std::string request;     // whole, HTTP/1.1, with keep-alive
  std::size_t connections = 1;
  double seconds = 1;
  double warm_up = 0.2;  // seconds before it counts
};

struct LoadSeen {
  std::uint64_t answers = 0;  // of status 200
  std::uint64_t refused = 0;  // others
  std::string why;            // the first of those: its body
  double per_second = 0;
  double p50_ms = 0;
  double p90_ms = 0;
  double p95_ms = 0;
  double p99_ms = 0;
  double p999_ms = 0;
  double max_ms = 0;
};

// One thread: the caller's. An answer must have a Content-Length.
Result<LoadSeen> put_under_load(const LoadAsk& ask);

}  // namespace slipway::app
