// SPDX-License-Identifier: Apache-2.0
#include "toml.h"

#include <fstream>

#include "base/text.h"

namespace slipway::app {
namespace {

// The text between the quotes, or nothing when it is not closed or is followed by something.
std::optional<std::string> unquote(std::string_view value) {
  const char quote = value[0];
  std::string out;
  for (std::size_t i = 1; i < value.size(); ++i) {
    if (value[i] == quote) {
      const auto rest = trim(value.substr(i + 1));
      if (!rest.empty() && rest[0] != '#') return std::nullopt;
      return out;
    }
    if (quote == '"' && value[i] == '\\' && i + 1 < value.size()) {
      const char escaped = value[++i];
      out += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped;
    } else {
      out += value[i];
    }
  }
  return std::nullopt;
}

bool is_bare(std::string_view value) {
  return value == "true" || value == "false" || parse_int(value).has_value() ||
         parse_double(value).has_value();
}

}  // namespace

Result<std::map<std::string, std::string>> read_toml(const std::string& path) {
  std::ifstream file(path);
  if (!file) return invalid("cannot read the configuration file '" + path + "'");
  std::map<std::string, std::string> out;
  std::string text;
  for (int number = 1; std::getline(file, text); ++number) {
    const auto where = path + ":" + std::to_string(number) + ": ";
    const auto line = trim(text);
    if (line.empty() || line[0] == '#') continue;
    const auto equals = line.find('=');
    if (line[0] == '[' || equals == std::string_view::npos) {
      return invalid(where + "expected `name = value`", "settings have no sections");
    }
    const std::string key(trim(line.substr(0, equals)));
    auto value = trim(line.substr(equals + 1));
    std::optional<std::string> read;
    if (!value.empty() && (value[0] == '"' || value[0] == '\'')) {
      read = unquote(value);
    } else {
      value = trim(value.substr(0, value.find('#')));
      if (is_bare(value)) read = std::string(value);
    }
    if (!read) return invalid(where + "'" + key + "' needs a number, true, false or \"text\"");
    if (!out.emplace(key, *read).second) return invalid(where + "'" + key + "' is given twice");
  }
  return out;
}

}  // namespace slipway::app
