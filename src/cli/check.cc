// SPDX-License-Identifier: Apache-2.0
// `slipway check`: a file of rows against a suite of expectations.
#include "analysis/expectations.h"
#include "arguments.h"
#include "blob/atomic_file.h"
#include "columns.h"
#include "commands.h"
#include "output.h"

namespace slipway::cli {
namespace {

constexpr std::size_t kMostSuite = std::size_t{2} << 20;

struct Options {
  std::string file;
  std::string suite;
  std::string json;
  std::string html;
  std::string now;
  bool all = false;
};

Result<analysis::CheckReport> report_of(const Options& options) {
  auto text = blob::read_file(options.suite, kMostSuite);
  if (!text) return invalid(text.error().message, "name a suite with --suite");
  SW_TRY(const auto suite, expectation::parse_suite(*text, options.suite));
  Timestamp now = system_clock().now();
  if (!options.now.empty()) {
    const auto given = parse_rfc3339(options.now);
    if (!given) return invalid("--now '" + options.now + "' is no time", "2026-03-01T12:00:00Z");
    now = *given;
  }
  SW_TRY(const auto table, open_table(options.file));
  Progress progress("columns", table->fields().size());
  return analysis::check_table(*table, suite, now,
                               [&](std::size_t done, std::size_t) { progress.set(done); });
}

void show(const analysis::CheckReport& report, bool all) {
  std::vector<Row> rows;
  for (const auto& finding : report.findings) {
    if (finding.passed && !all) continue;
    const bool warning = finding.severity == expectation::Severity::warning;
    rows.push_back({finding.skipped  ? "skipped"
                    : finding.passed ? "passed"
                    : warning        ? "WARNING"
                                     : "FAILED",
                    finding.line == 0 ? "-" : std::to_string(finding.line), finding.label,
                    analysis::found_of(finding)});
  }
  if (!rows.empty()) print_table({"VERDICT", "LINE", "RULE", "FOUND"}, rows);
  print_line(analysis::summary_of(report));
}

}  // namespace

int check(const Args& args) {
  CLI::App command;
  Options options;
  command.add_option("file", options.file, "Parquet, CSV or JSON lines")->required();
  command.add_option("--suite", options.suite, "YAML file of rules (docs/guides/expectations.md)")
      ->required();
  command.add_option("--json", options.json, "write JSON to this file; - is standard output");
  command.add_option("--html", options.html, "write a page to this file: works offline");
  command.add_option("--now", options.now, "the time that ages are counted from (default: now)");
  command.add_flag("--all", options.all, "print the checks that passed too");
  if (const auto code = parse(command, "check", args)) return *code;
  const auto report = report_of(options);
  if (!report) return fail(report.error());
  if (options.json.empty()) {
    show(*report, options.all);
  } else if (const auto written =
                 write_document(options.json, analysis::check_json(*report, options.file));
             !written) {
    return fail(written.error());
  }
  if (!options.html.empty()) {
    const auto written = write_document(options.html, analysis::check_page(*report, options.file));
    if (!written) return fail(written.error());
  }
  return report->passed ? kDone : kFailed;
}

}  // namespace slipway::cli
