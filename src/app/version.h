// SPDX-License-Identifier: Apache-2.0
// Which build this is.
#pragma once

#include <string>

namespace slipway::app {

// "0.1.0"
std::string version();

}  // namespace slipway::app
