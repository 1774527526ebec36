// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <filesystem>

#include "base/text.h"
#include "blob/atomic_file.h"
#include "config_file.h"

namespace slipway::wire::dvc {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileLimit = 1u << 20;

}  // namespace

Result<void> parse_settings(std::string_view text, const std::string& name, Settings& into) {
  SW_TRY(const auto file, ConfigFile::parse(text, name));
  for (const auto& [key, value] : file.values()) into[key] = value;
  return {};
}

bool is_folder(const std::string& key, const std::string& value) {
  const bool folder = key == "cache.dir" || (key.starts_with("remote.") && key.ends_with(".url"));
  return folder && !value.empty() && value[0] != '~' && value.find("://") == value.npos;
}

std::vector<std::string> config_paths(const std::string& folder, const std::string& user_config) {
  return {"/etc/xdg/dvc/config", user_config + "/dvc/config", folder + "/config",
          folder + "/config.local"};
}

Settings resolved(const Settings& level, const std::string& path) {
  auto out = level;
  for (auto& [key, value] : out) {
    if (!is_folder(key, value) || value[0] == '/') continue;
    value = (fs::path(path).parent_path() / value).lexically_normal().string();
  }
  return out;
}

Result<Settings> load_settings(const std::string& folder, const std::string& user_config) {
  Settings out;
  for (const auto& path : config_paths(folder, user_config)) {
    const auto text = blob::read_file(path, kFileLimit);
    if (!text) continue;
    Settings level;
    SW_CHECK_OK(parse_settings(*text, path, level));
    for (auto& [key, value] : resolved(level, path)) out[key] = value;
  }
  return out;
}

bool is_true(const Settings& settings, const std::string& key) {
  const auto found = settings.find(key);
  if (found == settings.end()) return false;
  const auto value = to_lower(found->second);
  return value == "true" || value == "yes" || value == "on" || value == "1";
}

}  // namespace slipway::wire::dvc
