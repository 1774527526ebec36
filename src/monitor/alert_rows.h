// SPDX-License-Identifier: Apache-2.0
// Alerts as they are stored.
#pragma once

#include <string>

#include "monitor/types.h"
#include "store/database.h"

namespace slipway::monitor {

Result<Alert> read_alert(store::Connection& c, const std::string& id);

}  // namespace slipway::monitor
