// SPDX-License-Identifier: Apache-2.0
#include "arguments.h"

namespace slipway::cli {

std::optional<int> parse(CLI::App& app, const std::string& command, const Args& args) {
  app.name("slipway " + command);
  app.get_formatter()->column_width(34);
  for (const auto& spec : commands()) {
    if (spec.name != command) continue;
    app.description(spec.summary);
    app.footer("Example:\n  " + spec.example);
    for (auto* verb : app.get_subcommands({})) {
      if (verb->get_footer().empty()) verb->footer(app.get_footer());
    }
  }
  Args reversed(args.rbegin(), args.rend());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    print(app.help());
    return kDone;
  } catch (const CLI::CallForAllHelp&) {
    print(app.help("", CLI::AppFormatMode::All));
    return kDone;
  } catch (const CLI::ParseError& error) {
    say(std::string("error: ") + error.what());
    say("hint: `slipway " + command + " --help` shows what is expected");
    return kUsage;
  }
  return std::nullopt;
}

}  // namespace slipway::cli
