// SPDX-License-Identifier: Apache-2.0
// `slipway logs`: what a step wrote.
#include <chrono>
#include <thread>

#include "app/config.h"
#include "app/platform.h"
#include "arguments.h"
#include "base/log.h"
#include "commands.h"
#include "pipeline/pipeline.h"
#include "step_name.h"

namespace slipway::cli {

int logs(const Args& args) {
  CLI::App app;
  std::string id;
  std::string step;
  std::string data;
  int attempt = 0;
  bool follow = false;
  app.add_option("run", id, "The run")->required()->type_name("RUN_ID");
  app.add_option("step", step, "The step, STEP[3] for an element of a foreach")->required();
  app.add_option("--attempt", attempt, "Which attempt; the last one by itself")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--data", data, "The data folder (SLIPWAY_DATA, ./slipway-data)")
      ->type_name("DIR");
  app.add_flag("-f,--follow", follow, "Go on until the step ends");
  if (const auto code = parse(app, "logs", args)) return *code;
  log::configure(log::Level::warn, log::Format::automatic);
  const auto name = step_name(step);
  if (!name) return fail(name.error());
  std::map<std::string, std::string> flags;
  if (!data.empty()) flags["data"] = data;
  const auto effective = app::load_config(flags);
  if (!effective) return fail(effective.error());
  const auto platform = app::Platform::open(effective->config, app::Mode::local);
  if (!platform) return fail(platform.error());
  std::uint64_t offset = 0;
  while (true) {
    const auto piece =
        (*platform)->executions().read_log(id, name->name, name->index, attempt, offset);
    if (!piece) return fail(piece.error());
    print(piece->text);
    offset = piece->next_offset;
    attempt = piece->attempt;
    if (piece->complete || (piece->text.empty() && !follow)) return kDone;
    if (piece->text.empty()) {
      std::fflush(stdout);
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }
}

}  // namespace slipway::cli
