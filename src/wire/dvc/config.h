// SPDX-License-Identifier: Apache-2.0
// DVC's configuration and its remotes, read and changed as `dvc config` and `dvc remote` do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "wire/dvc/commands.h"

namespace slipway::wire::dvc {

// Which file is meant. Reading from `any` merges all, the more local one wins; writing to it
// changes the repository's.
enum class Level { any, system, global, project, local };

// Errors about what a configuration may hold begin with these words.
inline constexpr std::string_view kConfigError = "configuration error - config file error: ";

struct Setting {
  std::string name;  // section.key; of remotes remote.NAME.key
  std::string value;
  std::string origin;  // the file, as shown from the folder
};

// Nothing: not set.
Result<std::optional<std::string>> config_get(const Common& common, Level level,
                                              const std::string& name);
Result<std::vector<Setting>> config_list(const Common& common, Level level);
// An unknown name or an impossible value is refused, and the file stays as it is.
Result<void> config_set(const Common& common, Level level, const std::string& name,
                        const std::string& value);
Result<void> config_unset(const Common& common, Level level, const std::string& name);

// The folder of the cache, absolute.
Result<std::string> cache_folder(const Common& common);
Result<std::string> repository_root(const Common& common);

struct Remote {
  std::string name;
  std::string url;  // folders absolute
  bool is_default = false;
};
Result<std::vector<Remote>> remotes(const Common& common, Level level);

// A folder in `url` is relative to where the command was called.
Result<void> remote_add(const Common& common, Level level, const std::string& name,
                        const std::string& url, bool force);
// Nothing as `value` unsets the option.
Result<void> remote_modify(const Common& common, Level level, const std::string& name,
                           const std::string& option, const std::optional<std::string>& value);
Result<void> remote_remove(const Common& common, Level level, const std::string& name);
Result<void> remote_rename(const Common& common, Level level, const std::string& name,
                           const std::string& to);
Result<void> remote_make_default(const Common& common, Level level, const std::string& name);

}  // namespace slipway::wire::dvc
