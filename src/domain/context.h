// SPDX-License-Identifier: Apache-2.0
// What travels with a request through the domain: who, until when, and by which id.
#pragma once

#include <cstdint>
#include <string>

#include "domain/types.h"

namespace slipway {

struct Context {
  Principal principal;
  std::string request_id;
  std::int64_t deadline_ns = 0;  // Clock::monotonic_ns; 0: none
};

}  // namespace slipway
