// SPDX-License-Identifier: Apache-2.0
// DVC's configuration: git-style INI files on four levels, the more local one wins.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::wire::dvc {

// "section.key" (lower case) to value, as text.
using Settings = std::map<std::string, std::string>;

// Adds the file's settings to `into`. A line that is neither section nor setting is refused by name
// and number.
Result<void> parse_settings(std::string_view text, const std::string& name, Settings& into);

// The system's, `user_config`/dvc/config, `folder`/config, `folder`/config.local. Missing files are
// fine. A relative cache.dir becomes absolute by the file that sets it.
Result<Settings> load_settings(const std::string& folder, const std::string& user_config);

bool is_true(const Settings& settings, const std::string& key);

}  // namespace slipway::wire::dvc
