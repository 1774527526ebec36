// SPDX-License-Identifier: Apache-2.0
// The list of drivers: what this build can execute.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "serving/backend.h"

namespace slipway::app {

// What became of a version that could be converted, in words.
using Verdict = std::function<void(const serving::Package&, const std::string&)>;

// In the order in which they are asked whether they can load a version.
std::vector<std::unique_ptr<serving::ModelBackend>> make_backends(const Config& config,
                                                                  Verdict verdict);

}  // namespace slipway::app
