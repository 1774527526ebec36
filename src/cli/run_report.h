// SPDX-License-Identifier: Apache-2.0
// The JSON of `slipway run --json`.
#pragma once

#include <string>

#include "pipeline/execution.h"

namespace slipway::cli {

std::string run_report(const pipeline::Execution& execution);

}  // namespace slipway::cli
