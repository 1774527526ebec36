// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <algorithm>
#include <cstdio>

namespace slipway::cli {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void print_line(std::string_view line) {
  print(line);
  print("\n");
}

void say(std::string_view line) {
  std::string out(line);
  out += '\n';
  std::fwrite(out.data(), 1, out.size(), stderr);
}

int exit_code_of(const Error& error) {
  switch (error.code) {
    case Code::invalid_argument:
    case Code::not_found:
      return kUsage;
    case Code::unavailable:
      return kUnreachable;
    case Code::cancelled:
      return kInterrupted;
    case Code::already_exists:
    case Code::conflict:
    case Code::failed_precondition:
    case Code::unauthenticated:
    case Code::permission_denied:
    case Code::exhausted:
    case Code::deadline:
    case Code::unimplemented:
    case Code::data_loss:
    case Code::internal:
      return kFailed;
  }
  return kFailed;
}

int fail(const Error& error) {
  say("error: " + error.message);
  if (!error.hint.empty()) say("hint: " + error.hint);
  return exit_code_of(error);
}

namespace {

void print_help() {
  print(
      "slipway - the whole machine-learning loop in one binary\n\n"
      "Usage: slipway COMMAND [ARGUMENTS]\n\nCommands:\n");
  std::size_t width = 0;
  for (const auto& spec : commands()) width = std::max(width, spec.name.size());
  for (const auto& spec : commands()) {
    print_line("  " + spec.name + std::string(width + 2 - spec.name.size(), ' ') + spec.summary);
  }
  print("\n`slipway COMMAND --help` tells more, with an example.\n");
}

const CommandSpec* find(std::string_view name) {
  for (const auto& spec : commands()) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

int dispatch(const Args& words) {
  if (words.empty()) {
    print_help();
    return kUsage;
  }
  std::string name = words[0];
  Args args(words.begin() + 1, words.end());
  if (name == "-h" || name == "--help" || (name == "help" && args.empty())) {
    print_help();
    return kDone;
  }
  if (name == "--version" || name == "-V") name = "version";
  if (name == "help") {
    name = args[0];
    args = {"--help"};
  }
  const auto* spec = find(name);
  if (spec == nullptr) {
    say("error: there is no command '" + name + "'");
    say("hint: `slipway --help` lists the commands");
    return kUsage;
  }
  return spec->run(args);
}

}  // namespace

int main(int argc, char** argv) {
  const int code = dispatch(Args(argv + 1, argv + argc));
  if (std::fflush(stdout) != 0 && code == kDone) return kFailed;
  return code;
}

}  // namespace slipway::cli
