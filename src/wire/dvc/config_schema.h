// SPDX-License-Identifier: Apache-2.0
// Which settings DVC knows, and what they may be.
#pragma once

#include <string>

#include "base/result.h"
#include "settings.h"

namespace slipway::wire::dvc {

// `section` "core", "remote.NAME" ..; `merged` tells the url of a remote, which decides what it may
// have.
Result<void> check_setting(const Settings& merged, const std::string& section,
                           const std::string& key, const std::string& value);

Error config_error(const std::string& what);

}  // namespace slipway::wire::dvc
