// SPDX-License-Identifier: Apache-2.0
// The verbs of `dvc remote`.
#include <algorithm>

#include "base/text.h"
#include "config_level.h"
#include "config_schema.h"
#include "repository.h"

namespace slipway::wire::dvc {
namespace {

std::string section_of(const std::string& name) {
  return "remote." + to_lower(name);
}

Error unknown(const std::string& name) {
  return config_error("remote '" + name + "' doesn't exist.");
}

// On any level.
Result<bool> is_known(const Common& common, const std::string& name) {
  SW_TRY(const auto all, remotes(common, Level::any));
  return std::any_of(all.begin(), all.end(),
                     [&](const Remote& remote) { return remote.name == to_lower(name); });
}

// The default moves along when the remote it names goes or is renamed, on every level.
Result<void> follow_default(const Common& common, Level level, const std::string& name,
                            const std::string& to) {
  for (const auto each : {Level::project, Level::local}) {
    if (level == Level::global || level == Level::system) break;
    SW_TRY(auto open, open_level(common, each));
    const auto now = open.file.get("core", "remote");
    if (!now || to_lower(*now) != to_lower(name)) continue;
    if (to.empty()) {
      open.file.unset("core", "remote");
    } else {
      open.file.set("core", "remote", to);
    }
    SW_CHECK_OK(open.file.write());
  }
  return {};
}

}  // namespace

Result<std::vector<Remote>> remotes(const Common& common, Level level) {
  SW_TRY(const auto all, config_list(common, level));
  SW_TRY(const auto usual, config_get(common, level, "core.remote"));
  std::vector<Remote> out;
  for (const auto& setting : all) {
    if (!setting.name.starts_with("remote.") || !setting.name.ends_with(".url")) continue;
    const auto name = setting.name.substr(7, setting.name.size() - 11);
    std::erase_if(out, [&](const Remote& remote) { return remote.name == name; });
    out.push_back({name, setting.value, usual && to_lower(*usual) == name});
  }
  return out;
}

Result<void> remote_add(const Common& common, Level level, const std::string& name,
                        const std::string& url, bool force) {
  const bool bad = name.empty() || name.find_first_of("\"'\n[]") != name.npos;
  if (bad) return config_error("'" + name + "' cannot name a remote");
  SW_TRY(auto open, open_level(common, level));
  const auto section = section_of(name);
  if (open.merged().contains(section + ".url") && !force) {
    return config_error("remote '" + name + "' already exists. Use `-f|--force` to overwrite it.");
  }
  open.file.set(section, "url", open.stored(common, section + ".url", url));
  return open.file.write();
}

Result<void> remote_modify(const Common& common, Level level, const std::string& name,
                           const std::string& option, const std::optional<std::string>& value) {
  SW_TRY(auto open, open_level(common, level));
  const auto section = section_of(name);
  const auto key = to_lower(option);
  SW_TRY(const auto known, is_known(common, name));
  if (!known) return unknown(name);
  if (value) {
    SW_CHECK_OK(check_setting(open.merged(), section, key, *value));
    open.file.set(section, key, open.stored(common, section + "." + key, *value));
  } else if (!open.file.unset(section, key)) {
    return config_error("option '" + key + "' doesn't exist in remote '" + name + "'");
  }
  if (open.file.has(section) && !open.merged().contains(section + ".url")) {
    return config_error("expected 'url' for dictionary value @ data['remote']['" + to_lower(name) +
                        "']");
  }
  return open.file.write();
}

Result<void> remote_remove(const Common& common, Level level, const std::string& name) {
  SW_TRY(auto open, open_level(common, level));
  if (!open.file.remove(section_of(name))) return unknown(name);
  SW_CHECK_OK(open.file.write());
  return follow_default(common, level, name, {});
}

Result<void> remote_rename(const Common& common, Level level, const std::string& name,
                           const std::string& to) {
  SW_TRY(auto open, open_level(common, level));
  if (!open.file.has(section_of(name))) return unknown(name);
  if (open.merged().contains(section_of(to) + ".url")) {
    return config_error("remote '" + to + "' already exists.");
  }
  open.file.rename(section_of(name), section_of(to));
  SW_CHECK_OK(open.file.write());
  return follow_default(common, level, name, to);
}

Result<void> remote_make_default(const Common& common, Level level, const std::string& name) {
  SW_TRY(const auto known, is_known(common, name));
  if (!known) return config_error("default remote must be present in remote list.");
  SW_TRY(auto open, open_level(common, level));
  open.file.set("core", "remote", name);
  return open.file.write();
}

}  // namespace slipway::wire::dvc
