// SPDX-License-Identifier: Apache-2.0
#include "monitor/table.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "base/clock.h"
#include "base/csv.h"
#include "base/text.h"
#include "json/value.h"

namespace slipway::monitor {
namespace {

constexpr std::size_t kMostColumns = 1'000;
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// Cells as they were written; typed when all have been seen.
struct Raw {
  std::string name;
  std::vector<std::string> cells;
  std::vector<bool> missing;
};

bool is_missing(std::string_view cell) {
  return cell.empty() || cell == "NA" || cell == "NaN" || cell == "nan" || cell == "null" ||
         cell == "None" || cell == "NULL";
}

TableColumn typed(Raw raw) {
  TableColumn out{.name = std::move(raw.name), .missing = std::move(raw.missing)};
  bool flags = true;
  bool any = false;
  for (std::size_t i = 0; i < raw.cells.size(); ++i) {
    if (out.missing[i]) continue;
    any = true;
    flags = flags && (equal_ignoring_case(raw.cells[i], "true") ||
                      equal_ignoring_case(raw.cells[i], "false"));
  }
  for (std::size_t i = 0; i < raw.cells.size(); ++i) {
    if (out.missing[i]) {
      out.numbers.push_back(kMissing);
      continue;
    }
    if (flags && any) raw.cells[i] = equal_ignoring_case(raw.cells[i], "true") ? "1" : "0";
    const auto x = parse_double(raw.cells[i]);
    if (!x) {
      out.text = true;
      break;
    }
    if (raw.cells[i].find_first_of(".eEiInN") != std::string::npos) out.integers = false;
    out.numbers.push_back(*x);
  }
  if (out.text) {
    out.numbers.clear();
    out.integers = false;
    out.texts = std::move(raw.cells);
  }
  return out;
}

Result<Table> finish(std::vector<Raw> raws, std::size_t rows) {
  Table out;
  out.rows = rows;
  for (auto& raw : raws) out.columns.push_back(typed(std::move(raw)));
  return out;
}

Result<Table> from_csv(std::string_view text) {
  std::vector<Raw> raws;
  std::size_t rows = 0;
  SW_CHECK_OK(read_csv(text, [&](std::vector<std::string>& cells) -> Result<void> {
    if (raws.empty()) {
      if (cells.size() > kMostColumns) return invalid("more than 1,000 columns");
      std::set<std::string> seen;
      for (auto& cell : cells) {
        if (!is_valid_utf8(cell)) return invalid("the header is not UTF-8");
        if (!seen.insert(cell).second) return invalid("column '" + cell + "' is there twice");
        raws.push_back({.name = cell});
      }
      return {};
    }
    for (std::size_t i = 0; i < cells.size(); ++i) {
      raws[i].missing.push_back(is_missing(cells[i]));
      raws[i].cells.push_back(std::move(cells[i]));
    }
    ++rows;
    return {};
  }));
  if (raws.empty()) return invalid("the file is empty", "a header line and rows are wanted");
  return finish(std::move(raws), rows);
}

std::string cell_text(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  return json::dump_value(value);
}

Result<Table> from_json_lines(std::string_view text) {
  std::vector<Raw> raws;
  std::map<std::string, std::size_t> index;
  std::size_t rows = 0;
  std::size_t line_number = 0;
  for (const auto line : split(text, '\n')) {
    ++line_number;
    if (trim(line).empty()) continue;
    auto parsed = json::parse_value(line);
    const std::string where = "line " + std::to_string(line_number) + ": ";
    if (!parsed) return invalid(where + parsed.error().message);
    if (!parsed->is_object()) return invalid(where + "expected an object");
    for (const auto& [key, value] : parsed->get_object()) {
      const auto [at, fresh] = index.try_emplace(std::string(key), raws.size());
      if (fresh) {
        if (raws.size() == kMostColumns) return invalid(where + "more than 1,000 columns");
        raws.push_back({at->first, std::vector<std::string>(rows), std::vector<bool>(rows, true)});
      }
      auto& raw = raws[at->second];
      if (raw.cells.size() > rows) continue;  // the key twice in a line
      raw.missing.push_back(value.is_null());
      raw.cells.push_back(value.is_null() ? std::string() : cell_text(value));
    }
    ++rows;
    for (auto& raw : raws) {
      raw.cells.resize(rows);
      raw.missing.resize(rows, true);
    }
  }
  return finish(std::move(raws), rows);
}

}  // namespace

const TableColumn* Table::find(std::string_view name) const {
  for (const auto& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

Result<Table> read_table(std::string_view text) {
  const auto head = trim(text.substr(0, 64));
  return head.starts_with("{") ? from_json_lines(text) : from_csv(text);
}

stats::ColumnType type_of(const TableColumn& column) {
  std::size_t present = 0;
  for (const bool missing : column.missing) present += missing ? 0 : 1;
  if (present == 0) return stats::ColumnType::unknown;
  if (!column.text) {
    if (!column.integers || present < column.missing.size()) return stats::ColumnType::numerical;
    const std::set<double> values(column.numbers.begin(), column.numbers.end());
    return values.size() <= 10 ? stats::ColumnType::categorical : stats::ColumnType::numerical;
  }
  std::set<std::string_view> values;
  bool times = true;
  for (std::size_t i = 0; i < column.texts.size(); ++i) {
    if (column.missing[i]) continue;
    values.insert(column.texts[i]);
    times = times && column.texts[i].size() >= 10 && parse_rfc3339(column.texts[i]).ok();
  }
  if (times) return stats::ColumnType::datetime;
  return values.size() * 2 > present ? stats::ColumnType::text : stats::ColumnType::categorical;
}

stats::Sample sample_of(const TableColumn& column, stats::ColumnType type) {
  stats::Sample out{.type = type};
  for (std::size_t i = 0; i < column.missing.size(); ++i) {
    if (column.missing[i]) {
      ++out.nulls;
      continue;
    }
    if (!column.text && std::isinf(column.numbers[i])) {
      ++out.infinite;
    } else if (!column.text && type == stats::ColumnType::numerical) {
      out.values.push_back(column.numbers[i]);
    } else {
      ++out.counts[column.text ? column.texts[i] : number_text(column.numbers[i])];
    }
  }
  std::sort(out.values.begin(), out.values.end());
  if (column.text && type == stats::ColumnType::numerical)
    out.type = stats::ColumnType::categorical;
  return out;
}

}  // namespace slipway::monitor
