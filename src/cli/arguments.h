// SPDX-License-Identifier: Apache-2.0
// CLI11, as every command uses it. Costs seconds to compile: include in a command's .cc only.
#pragma once

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/cli.h"

namespace slipway::cli {

// Reads `args` by what `app` declares. Gives `app` its name, summary and example from the command
// table. An exit code when the command is over: help was asked for, or the usage is wrong.
std::optional<int> parse(CLI::App& app, const std::string& command, const Args& args);

}  // namespace slipway::cli
