// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include "base/text.h"
#include "blob/atomic_file.h"

namespace slipway::wire::dvc {
namespace {

constexpr std::size_t kFileLimit = 1u << 20;

std::string unquoted(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && (text[0] == '"' || text[0] == '\'') && text.back() == text[0]) {
    text = text.substr(1, text.size() - 2);
  }
  return std::string(text);
}

}  // namespace

Result<void> parse_settings(std::string_view text, const std::string& name, Settings& into) {
  std::string section;
  int number = 0;
  for (const auto raw : split(text, '\n')) {
    ++number;
    const auto line = trim(raw);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line.front() == '[' && line.back() == ']') {
      section = to_lower(unquoted(line.substr(1, line.size() - 2)));
      continue;
    }
    const auto equals = line.find('=');
    if (equals == line.npos || section.empty()) {
      return invalid("'" + name + "' line " + std::to_string(number) + ": expected key = value",
                     "correct that line of the configuration");
    }
    into[section + "." + to_lower(trim(line.substr(0, equals)))] =
        unquoted(line.substr(equals + 1));
  }
  return {};
}

Result<Settings> load_settings(const std::string& folder, const std::string& user_config) {
  Settings out;
  for (const auto& path : {std::string("/etc/xdg/dvc/config"), user_config + "/dvc/config",
                           folder + "/config", folder + "/config.local"}) {
    const auto text = blob::read_file(path, kFileLimit);
    if (!text) continue;
    Settings level;
    SW_CHECK_OK(parse_settings(*text, path, level));
    if (const auto dir = level.find("cache.dir"); dir != level.end() && dir->second[0] != '/') {
      dir->second = path.substr(0, path.rfind('/') + 1) + dir->second;
    }
    for (auto& [key, value] : level) out[key] = std::move(value);
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
