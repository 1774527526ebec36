// SPDX-License-Identifier: Apache-2.0
// `slipway config`: the settings, what they are now, and where that comes from.
#include "app/config.h"

#include "arguments.h"
#include "base/text.h"
#include "commands.h"
#include "output.h"

namespace slipway::cli {

int config(const Args& args) {
  CLI::App command;
  std::string json;
  std::string file;
  command.add_option("--json", json, "write JSON to this file; - is standard output");
  command.add_option("--config", file, "file with settings");
  if (const auto code = parse(command, "config", args)) return *code;
  std::map<std::string, std::string> flags;
  if (!file.empty()) flags["config"] = file;
  const auto effective = app::load_config(flags);
  if (!effective) return fail(effective.error());
  std::vector<Row> rows;
  std::string document = "[";
  for (const auto& setting : app::settings()) {
    const auto source = effective->sources.find(setting.name);
    rows.push_back({std::string(setting.name), app::text_of(setting, effective->config),
                    std::string(app::name_of(source->second)), app::flag_of(setting),
                    app::variable_of(setting), std::string(setting.help)});
    document += document.size() > 1 ? ",\n  {" : "\n  {";
    const char* before = "";
    const char* const keys[] = {"name", "value", "source", "flag", "variable", "help"};
    for (std::size_t i = 0; i < rows.back().size(); ++i) {
      document += std::string(before) + "\"" + keys[i] + "\":";
      append_json_string(document, rows.back()[i]);
      before = ",";
    }
    document += "}";
  }
  if (!json.empty()) {
    const auto written = write_document(json, document + "\n]");
    return written ? kDone : fail(written.error());
  }
  print_table({"SETTING", "VALUE", "FROM", "FLAG", "VARIABLE", "MEANING"}, rows);
  return kDone;
}

}  // namespace slipway::cli
