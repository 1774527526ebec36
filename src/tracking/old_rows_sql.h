// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "store/database.h"

namespace slipway::tracking {

// Does nothing when there are none.
Result<void> move_old_rows(store::Database& db);

}  // namespace slipway::tracking
