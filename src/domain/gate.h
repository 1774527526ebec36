// SPDX-License-Identifier: Apache-2.0
// May this principal do this? Asked at the edge for every request, and by rooms before a move that
// a policy may forbid.
#pragma once

#include <string>

#include "base/result.h"
#include "domain/types.h"

namespace slipway {

// Thread-safe.
class Gate {
 public:
  virtual ~Gate() = default;
  // ok, or permission_denied with the reason.
  virtual Result<void> allow(const Principal& who, const std::string& action,
                             const std::string& subject) = 0;
};

}  // namespace slipway
