// SPDX-License-Identifier: Apache-2.0
// The command line: a table of commands, one file a command.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::cli {

using Args = std::vector<std::string>;  // what follows the command's name

struct CommandSpec {
  std::string name;     // "up"; a noun with verbs is one command: "model"
  std::string summary;  // one line
  std::string example;  // a command line that works
  int (*run)(const Args& args);
  std::vector<std::string> verbs = {};  // for help and completion
};

// In the order of `slipway --help`.
const std::vector<CommandSpec>& commands();

int main(int argc, char** argv);

// Exit codes.
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;       // the work failed
inline constexpr int kUsage = 2;        // bad usage or bad input
inline constexpr int kUnreachable = 3;  // no server answered
inline constexpr int kInterrupted = 130;

// Standard output, for data.
void print(std::string_view text);
void print_line(std::string_view line);
// Standard error, for talk.
void say(std::string_view line);
// "error: ..", "hint: ..", and the exit code that belongs to it.
int fail(const Error& error);
int exit_code_of(const Error& error);

}  // namespace slipway::cli
