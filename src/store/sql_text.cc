// SPDX-License-Identifier: Apache-2.0
#include "sql_text.h"

namespace slipway::store {

std::string to_dollar_placeholders(std::string_view sql) {
  std::string out;
  out.reserve(sql.size() + 16);
  int number = 0;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    const char c = sql[i];
    if (c == '\'' || c == '"') {
      const auto end = sql.find(c, i + 1);
      const auto stop = end == sql.npos ? sql.size() - 1 : end;
      out += sql.substr(i, stop - i + 1);
      i = stop;
    } else if (c == '-' && sql.substr(i).starts_with("--")) {
      const auto end = sql.find('\n', i);
      const auto stop = end == sql.npos ? sql.size() - 1 : end;
      out += sql.substr(i, stop - i + 1);
      i = stop;
    } else if (c == '?') {
      out += '$';
      out += std::to_string(++number);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace slipway::store
