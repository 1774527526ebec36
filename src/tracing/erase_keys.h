// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "store/database.h"

namespace slipway::tracing {

// Removes the traces with these keys, and all that hangs on them.
Result<void> erase_keys(store::Connection& db, const std::vector<std::int64_t>& keys);

}  // namespace slipway::tracing
