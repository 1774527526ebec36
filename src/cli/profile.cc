// SPDX-License-Identifier: Apache-2.0
// `slipway profile`: what a file of rows looks like, and what is wrong with it.
#include "analysis/profile.h"

#include <cstdio>
#include <filesystem>

#include "analysis/expectations.h"
#include "analysis/page.h"
#include "arguments.h"
#include "columns.h"
#include "commands.h"
#include "output.h"

namespace slipway::cli {
namespace {

std::string short_number(const std::optional<double>& x) {
  if (!x) return "-";
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.4g", *x);
  return buffer;
}

void say(const std::string& what, const std::vector<std::string>& columns) {
  if (columns.empty()) return;
  std::string line = what + ":";
  for (const auto& name : columns) line += " " + name;
  print_line(line);
}

void show(const analysis::Profile& profile) {
  std::vector<Row> rows;
  for (const auto& column : profile.columns) {
    rows.push_back({column.field.name, std::string(stats::name_of(column.type)),
                    std::to_string(column.count), std::to_string(column.nulls),
                    std::to_string(column.unique), short_number(column.mean),
                    short_number(column.std)});
  }
  print_table({"COLUMN", "TYPE", "COUNT", "NULLS", "UNIQUE", "MEAN", "STD"}, rows);
  print_line(std::to_string(profile.rows) + " rows, " + std::to_string(profile.duplicate_rows) +
             " equal to an earlier one, " + std::to_string(profile.empty_rows) + " empty; " +
             std::to_string(profile.missing_cells) + " cells missing");
  say("no value at all", profile.empty_columns);
  say("one value only", profile.constant_columns);
  std::vector<std::string> pairs;
  for (const auto& [a, b] : profile.duplicate_columns) pairs.push_back(a + "=" + b);
  say("equal in every row", pairs);
}

}  // namespace

int profile(const Args& args) {
  CLI::App command;
  std::string file;
  std::string json;
  std::string html;
  std::string suggest;
  std::string whylogs;
  command.add_option("file", file, "Parquet, CSV or JSON lines");
  command.add_option("--json", json, "write JSON to this file; - is standard output");
  command.add_option("--html", html, "write a page to this file: pictures, works offline");
  command.add_option("--whylogs", whylogs,
                     "write JSON with the names of whylogs' summaries; - is standard output");
  auto* wanted = command.add_option("--suggest", suggest,
                                    "write rules that the file passes, for `slipway check`; "
                                    "without a name to standard output");
  wanted->expected(0, 1);
  if (const auto code = parse(command, "profile", args)) return *code;
  if (file.empty()) std::swap(file, suggest);  // `--suggest FILE`
  if (file.empty()) return fail(invalid("which file?", "slipway profile train.parquet"));
  if (*wanted && suggest.empty()) suggest = "-";
  const auto table = open_table(file);
  if (!table) return fail(table.error());
  Progress progress("columns", (*table)->fields().size() + 2);
  const auto made =
      analysis::profile_of(**table, [&](std::size_t done, std::size_t) { progress.set(done); });
  if (!made) return fail(made.error());
  if (!json.empty()) {
    const auto written = write_document(json, analysis::profile_json(*made));
    if (!written) return fail(written.error());
  }
  if (!html.empty()) {
    const auto written = write_document(html, analysis::profile_page(*made, file));
    if (!written) return fail(written.error());
  }
  if (!whylogs.empty()) {
    const auto written =
        write_document(whylogs, analysis::whylogs_json(*made, file, system_clock().now()));
    if (!written) return fail(written.error());
  }
  if (*wanted) {
    const auto rules = analysis::suggest_suite(
        **table, *made, std::filesystem::path(file).stem().string(), system_clock().now());
    const auto written = rules ? write_document(suggest, *rules) : Result<void>(rules.error());
    if (!written) return fail(written.error());
  }
  if (json.empty() && html.empty() && whylogs.empty() && !*wanted) show(*made);
  return kDone;
}

}  // namespace slipway::cli
