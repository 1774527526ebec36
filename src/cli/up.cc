// SPDX-License-Identifier: Apache-2.0
#include "app/config.h"
#include "app/serve.h"
#include "arguments.h"
#include "base/log.h"
#include "commands.h"

namespace slipway::cli {
namespace {

log::Level level_of(const std::string& name) {
  if (name == "debug") return log::Level::debug;
  if (name == "warn") return log::Level::warn;
  if (name == "error") return log::Level::error;
  if (name == "off") return log::Level::off;
  return log::Level::info;
}

log::Format format_of(const std::string& name) {
  if (name == "json") return log::Format::json;
  if (name == "text") return log::Format::text;
  return log::Format::automatic;
}

}  // namespace

int up(const Args& args) {
  CLI::App app;
  std::map<std::string, std::string> given;
  std::map<std::string, std::string> flags;
  for (const auto& setting : app::settings()) {
    if (setting.name == "url") continue;
    std::string help(setting.help);
    if (!setting.choices.empty()) help += " (" + std::string(setting.choices) + ")";
    auto* option = app.add_option(app::flag_of(setting), given[std::string(setting.name)], help);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);  // wrappers may give one too
    const auto fallback = app::text_of(setting, {});
    if (!fallback.empty()) option->default_str(fallback);
  }
  bool check = false;
  app.add_flag("--check", check, "check the settings and stop");
  if (const auto code = parse(app, "up", args)) return *code;
  for (const auto& setting : app::settings()) {
    if (setting.name == "url") continue;
    const std::string name(setting.name);
    if (app.count(app::flag_of(setting)) > 0) flags[name] = given[name];
  }
  const auto effective = app::load_config(flags);
  if (!effective) return fail(effective.error());
  auto config = effective->config;
  config.executable = "/proc/self/exe";
  log::configure(level_of(config.log_level), format_of(config.log_format));
  if (check) {
    say("the settings are fine");
    return kDone;
  }
  if (const auto served = app::serve(config); !served) {
    fail(served.error());
    return served.error().code == Code::invalid_argument ? kUsage : kFailed;
  }
  return kDone;
}

}  // namespace slipway::cli
