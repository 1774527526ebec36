// SPDX-License-Identifier: Apache-2.0
#include "wire/dvc/config.h"

#include <filesystem>

#include "base/text.h"
#include "config_level.h"
#include "config_schema.h"
#include "repository.h"

namespace slipway::wire::dvc {
namespace {

namespace fs = std::filesystem;

// Of the paths of config_paths().
std::size_t index_of(Level level) {
  switch (level) {
    case Level::system:
      return 0;
    case Level::global:
      return 1;
    case Level::any:
    case Level::project:
      return 2;
    case Level::local:
      return 3;
  }
  return 2;
}

Result<std::vector<std::string>> paths_for(const Common& common, Level level) {
  if (level == Level::system || level == Level::global) {
    return config_paths("/nonexistent", common.user_config);
  }
  SW_TRY(const auto root, repository_root(common));
  return config_paths(root + "/.dvc", common.user_config);
}

}  // namespace

Settings ConfigLevel::merged() const {
  auto out = below;
  for (const auto& [name, value] : file.values()) out[name] = value;
  return out;
}

std::string ConfigLevel::stored(const Common& common, const std::string& key,
                                const std::string& value) const {
  if (!is_folder(key, value) || value[0] == '/') return value;
  return (fs::path(common.folder) / value)
      .lexically_normal()
      .lexically_relative(fs::path(path).parent_path())
      .string();
}

Result<ConfigLevel> open_level(const Common& common, Level level) {
  SW_TRY(const auto paths, paths_for(common, level));
  const auto index = index_of(level);
  ConfigLevel out{.path = paths[index]};
  SW_TRY(out.file, ConfigFile::read(out.path));
  for (std::size_t i = 0; i < index; ++i) {
    SW_TRY(const auto file, ConfigFile::read(paths[i]));
    for (const auto& [name, value] : file.values()) out.below[name] = value;
  }
  return out;
}

Result<std::pair<std::string, std::string>> split_name(const std::string& name) {
  const auto lower = to_lower(name);
  const auto dot = lower.rfind('.');
  if (dot == lower.npos || dot == 0 || dot + 1 == lower.size()) {
    return invalid("name argument should look like section.option or remote.name.option",
                   "for example core.remote");
  }
  return std::pair(lower.substr(0, dot), lower.substr(dot + 1));
}

Result<std::string> repository_root(const Common& common) {
  SW_TRY(const auto repository, Repository::open(common));
  return repository->root();
}

Result<std::vector<Setting>> config_list(const Common& common, Level level) {
  SW_TRY(const auto paths, paths_for(common, level));
  std::vector<Setting> out;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (level != Level::any && i != index_of(level)) continue;
    SW_TRY(const auto file, ConfigFile::read(paths[i]));
    Settings plain;
    for (const auto& [name, value] : file.values()) plain[name] = value;
    const auto absolute = resolved(plain, paths[i]);
    for (const auto& [name, value] : file.values()) {
      out.push_back({name, absolute.at(name), Repository::shown(common.folder, paths[i])});
    }
  }
  return out;
}

Result<std::optional<std::string>> config_get(const Common& common, Level level,
                                              const std::string& name) {
  SW_TRY(const auto parts, split_name(name));
  SW_TRY(const auto all, config_list(common, level));
  std::optional<std::string> out;
  for (const auto& setting : all) {
    if (setting.name == parts.first + "." + parts.second) out = setting.value;
  }
  return out;
}

Result<void> config_set(const Common& common, Level level, const std::string& name,
                        const std::string& value) {
  SW_TRY(const auto parts, split_name(name));
  SW_TRY(auto open, open_level(common, level));
  const auto& [section, key] = parts;
  SW_CHECK_OK(check_setting(open.merged(), section, key, value));
  open.file.set(section, key, open.stored(common, section + "." + key, value));
  return open.file.write();
}

Result<void> config_unset(const Common& common, Level level, const std::string& name) {
  SW_TRY(const auto parts, split_name(name));
  SW_TRY(auto open, open_level(common, level));
  const auto& [section, key] = parts;
  if (!open.file.has(section)) return config_error("section '" + section + "' doesn't exist");
  if (!open.file.unset(section, key)) {
    return config_error("option '" + key + "' doesn't exist in section '" + section + "'");
  }
  return open.file.write();
}

Result<std::string> cache_folder(const Common& common) {
  SW_TRY(const auto repository, Repository::open(common));
  const auto found = repository->settings().find("cache.dir");
  return found != repository->settings().end() ? found->second : repository->root() + "/.dvc/cache";
}

}  // namespace slipway::wire::dvc
