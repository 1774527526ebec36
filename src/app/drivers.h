// SPDX-License-Identifier: Apache-2.0
// The list of drivers: what this build can execute.
#pragma once

#include <memory>
#include <vector>

#include "app/config.h"
#include "serving/backend.h"

namespace slipway::app {

// In the order in which they are asked whether they can load a version.
std::vector<std::unique_ptr<serving::ModelBackend>> make_backends(const Config& config);

}  // namespace slipway::app
