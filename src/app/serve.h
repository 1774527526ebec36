// SPDX-License-Identifier: Apache-2.0
// The life of `slipway up`: open, listen, say so, wait for a signal, drain, stop.
#pragma once

#include "app/config.h"
#include "base/result.h"

namespace slipway::app {

// Returns when SIGTERM or SIGINT asked for it and everything under way has ended.
Result<void> serve(const Config& config);

}  // namespace slipway::app
