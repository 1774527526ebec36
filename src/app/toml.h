// SPDX-License-Identifier: Apache-2.0
// The part of TOML that settings need: `key = "text"`, numbers, true/false, comments.
#pragma once

#include <map>
#include <string>

#include "base/result.h"

namespace slipway::app {

// Errors name the file and the line.
Result<std::map<std::string, std::string>> read_toml(const std::string& path);

}  // namespace slipway::app
