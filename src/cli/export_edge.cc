// SPDX-License-Identifier: Apache-2.0
// `slipway export MODEL --target edge`: a folder that serves one version anywhere.
#include "app/edge.h"
#include "arguments.h"
#include "base/log.h"
#include "commands.h"

namespace slipway::cli {

int export_edge(const Args& args) {
  CLI::App command;
  std::string model;
  std::string target;
  std::string output;
  std::map<std::string, std::string> flags;
  command.add_option("MODEL", model, "MODEL, MODEL@ALIAS or MODEL/VERSION")->required();
  command.add_option("--target", target, "edge")->required()->check(CLI::IsMember({"edge"}));
  command.add_option("--output", output, "the new folder (default: MODEL-edge)");
  command.add_option("--data", flags["data"], "the data folder that has the model");
  command.add_option("--store", flags["store"], "its database, when that is elsewhere");
  if (const auto code = parse(command, "export", args)) return *code;
  std::erase_if(flags, [](const auto& flag) { return flag.second.empty(); });
  const auto config = app::load_config(flags);
  if (!config) return fail(config.error());
  log::configure(log::Level::error, log::Format::automatic);
  const auto platform = app::Platform::open(config->config, app::Mode::local);
  if (!platform) return fail(platform.error());
  if (output.empty()) output = model.substr(0, model.find_first_of("@/")) + "-edge";
  const auto report = app::export_edge(**platform, model, output);
  if (!report) return fail(report.error());
  say("version " + report->version + " of model '" + report->model + "' in " + output + ": " +
      std::to_string(report->files) + " files, " + std::to_string(report->bytes >> 20) +
      " MiB; serve it with " + output + "/serve");
  return kDone;
}

}  // namespace slipway::cli
