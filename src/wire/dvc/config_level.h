// SPDX-License-Identifier: Apache-2.0
// The file of one level, with what the more general ones say.
#pragma once

#include <string>
#include <utility>

#include "base/result.h"
#include "config_file.h"
#include "settings.h"
#include "wire/dvc/config.h"

namespace slipway::wire::dvc {

struct ConfigLevel {
  std::string path;
  ConfigFile file;
  Settings below;  // of the more general levels

  // What holds up to this level.
  Settings merged() const;
  // The value as the file has it: a folder is relative to the file, not to where one stands.
  std::string stored(const Common& common, const std::string& key, const std::string& value) const;
};

// Only the system's and the user's files can be reached outside of a repository.
Result<ConfigLevel> open_level(const Common& common, Level level);
// "core.remote" to section and key; without a point it is an error.
Result<std::pair<std::string, std::string>> split_name(const std::string& name);

}  // namespace slipway::wire::dvc
