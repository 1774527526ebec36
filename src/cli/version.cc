// SPDX-License-Identifier: Apache-2.0
#include "app/version.h"

#include "arguments.h"
#include "commands.h"

namespace slipway::cli {

int version(const Args& args) {
  CLI::App app;
  if (const auto code = parse(app, "version", args)) return *code;
  print_line("slipway " + app::version());
  return kDone;
}

}  // namespace slipway::cli
