// SPDX-License-Identifier: Apache-2.0
// DVC's configuration: git-style INI files on four levels, the more local one wins.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::wire::dvc {

// "section.key" (lower case) to value, as text; of remotes "remote.NAME.key".
using Settings = std::map<std::string, std::string>;

// Adds the file's settings to `into`. A line that is neither section nor setting is refused by name
// and number.
Result<void> parse_settings(std::string_view text, const std::string& name, Settings& into);

// The files of the four levels, the most general one first.
std::vector<std::string> config_paths(const std::string& folder, const std::string& user_config);
// Whether the value of `key` is a folder of this machine: then it is relative to its file.
bool is_folder(const std::string& key, const std::string& value);
// Relative folders of the file at `path` as absolute ones.
Settings resolved(const Settings& level, const std::string& path);

// The system's, `user_config`/dvc/config, `folder`/config, `folder`/config.local. Missing files are
// fine. Relative folders (cache.dir, urls of remotes) become absolute by the file that sets them.
Result<Settings> load_settings(const std::string& folder, const std::string& user_config);

bool is_true(const Settings& settings, const std::string& key);

}  // namespace slipway::wire::dvc
