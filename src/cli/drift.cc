// SPDX-License-Identifier: Apache-2.0
// `slipway drift`: which columns of one file have changed against another.
#include "analysis/drift.h"

#include <cmath>
#include <optional>

#include "analysis/page.h"
#include "arguments.h"
#include "base/text.h"
#include "columns.h"
#include "commands.h"
#include "output.h"

namespace slipway::cli {
namespace {

struct Options {
  std::string reference;
  std::string current;
  std::string method = "auto";
  std::vector<std::string> column_methods;
  std::optional<double> threshold;
  double drift_share = 0.5;
  std::string correction = "none";
  double min_effect = 0;
  bool multivariate = false;
  bool segments = false;
  bool fail_on_drift = false;
  std::string json;
  std::string html;
};

Result<stats::Method> method_of(const std::string& name) {
  if (const auto method = stats::method_named(name)) return *method;
  std::string known = "auto";
  for (const auto method : stats::methods()) known += ", " + std::string(stats::name_of(method));
  return invalid("method '" + name + "' is not known", "use one of " + known);
}

Result<std::map<std::string, stats::Method>> column_methods(const Options& options) {
  std::map<std::string, stats::Method> out;
  for (const auto& rule : options.column_methods) {
    const auto at = rule.rfind('=');
    if (at == std::string::npos || at == 0) {
      return invalid("--column-method '" + rule + "' is not COLUMN=METHOD");
    }
    SW_TRY(out[rule.substr(0, at)], method_of(rule.substr(at + 1)));
  }
  return out;
}

// The page has what the report lacks: how the columns go together on either side.
Result<void> write_page(const Options& options, const analysis::DriftReport& report,
                        const Table& reference, const Table& current) {
  SW_TRY(const auto together, analysis::compare_correlations(report, reference, current));
  SW_TRY(const auto over_time, analysis::means_over_time(report, reference, current));
  return write_document(options.html, analysis::drift_page(report, together, over_time,
                                                           {.reference = options.reference,
                                                            .current = options.current,
                                                            .drift_share = options.drift_share,
                                                            .correction = options.correction}));
}

Result<analysis::DriftReport> report_of(const Options& options) {
  analysis::DriftOptions how{
      .threshold = options.threshold,
      .drift_share = options.drift_share,
      .correction = stats::correction_named(options.correction).value_or(stats::Correction::none),
      .min_effect = options.min_effect,
      .multivariate = options.multivariate,
      .segments = options.segments,
      .pictures = !options.html.empty()};
  SW_TRY(how.method, method_of(options.method));
  SW_TRY(how.column_methods, column_methods(options));
  SW_TRY(const auto reference, open_table(options.reference));
  SW_TRY(const auto current, open_table(options.current));
  for (const auto& [name, method] : how.column_methods) {
    if (current->find(name) == nullptr && reference->find(name) == nullptr) {
      return invalid("--column-method names column '" + name + "', which neither file has");
    }
  }
  Progress progress("columns", reference->fields().size());
  SW_TRY(auto out, analysis::drift_of(*reference, *current, how,
                                      [&](std::size_t done, std::size_t) { progress.set(done); }));
  if (!options.html.empty()) SW_CHECK_OK(write_page(options, out, *reference, *current));
  return out;
}

std::string short_number(const std::optional<double>& x) {
  if (!x) return "-";
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.4g", *x);
  return buffer;
}

std::string p_text(double p_value) {
  return "p " + short_number(p_value);
}

void show(const analysis::Multivariate& found) {
  if (!found.error.empty()) return print_line("rows as a whole: " + found.error);
  const auto& classifier = found.classifier;
  print_line("domain classifier: ROC AUC " + short_number(classifier.roc_auc) + ", " +
             p_text(classifier.p_value) + "; most telling: " + classifier.importance[0].first);
  if (!found.numerical_error.empty()) return;
  print_line("PCA reconstruction error: " + short_number(found.reconstruction.reference_error) +
             " -> " + short_number(found.reconstruction.current_error) + ", " +
             p_text(found.reconstruction.p_value));
  print_line("MMD: " + short_number(found.discrepancy.statistic) + ", " +
             p_text(found.discrepancy.p_value));
}

void show(const stats::Segment& segment) {
  std::string where;
  for (const auto& condition : segment.conditions) {
    where += (where.empty() ? "" : ", ") + condition;
  }
  print_line(segment.column + ": the change is in " + where + " (effect " +
             short_number(segment.effect) + " there, " + short_number(segment.effect_elsewhere) +
             " elsewhere)");
}

void show(const analysis::DriftReport& report) {
  std::vector<Row> rows;
  for (const auto& column : report.columns) {
    const auto& drift = column.drift;
    const bool chosen = drift.method != stats::Method::automatic;
    rows.push_back({column.name, std::string(stats::name_of(column.type)),
                    chosen ? std::string(stats::name_of(drift.method)) : "-",
                    short_number(drift.score), chosen ? short_number(drift.threshold) : "-",
                    !drift.error.empty() ? drift.error : (drift.drifted ? "DRIFTED" : "same")});
  }
  print_table({"COLUMN", "TYPE", "METHOD", "SCORE", "THRESHOLD", "VERDICT"}, rows);
  print_line(std::string(report.drifted ? "dataset drift: yes" : "dataset drift: no") + ", " +
             number_text(std::round(report.share * 1000) / 10) + " % of the tested columns");
  for (const auto& finding : report.findings) print_line(finding);
  for (const auto& column : report.columns) {
    for (const auto& finding : column.findings) print_line(column.name + ": " + finding);
  }
  for (const auto& segment : report.segments) show(segment);
  if (report.multivariate) show(*report.multivariate);
}

}  // namespace

int drift(const Args& args) {
  CLI::App command;
  Options options;
  command.add_option("--reference", options.reference, "Parquet, CSV or JSON lines: how it was")
      ->required();
  command.add_option("--current", options.current, "Parquet, CSV or JSON lines: how it is")
      ->required();
  command.add_option("--method", options.method, "for the columns that it applies to");
  command.add_option("--column-method", options.column_methods, "COLUMN=METHOD, repeatable");
  command.add_option("--threshold", options.threshold,
                     "p-value or distance that decides; each method has its own default");
  command
      .add_option("--drift-share", options.drift_share,
                  "share of drifted columns that makes the data drift")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      .add_option("--correction", options.correction,
                  "for many tests at once: none, bonferroni, fdr (Benjamini-Hochberg)")
      ->check(CLI::IsMember({"none", "bonferroni", "fdr"}))
      ->capture_default_str();
  command
      .add_option("--min-effect", options.min_effect,
                  "a test's smaller difference (0 to 1) is no drift however small its p-value")
      ->check(CLI::Range(0.0, 1.0));
  command.add_flag("--multivariate", options.multivariate,
                   "also compare rows as a whole: domain classifier, PCA reconstruction, MMD");
  command.add_flag("--segments", options.segments,
                   "name the part of the rows in which a column has changed");
  command.add_flag("--fail-on-drift", options.fail_on_drift, "exit 1 when the data drifted");
  command.add_option("--json", options.json, "write JSON to this file; - is standard output");
  command.add_option("--html", options.html, "write a page to this file: pictures, works offline");
  if (const auto code = parse(command, "drift", args)) return *code;
  const auto report = report_of(options);
  if (!report) return fail(report.error());
  if (options.json.empty()) {
    show(*report);
  } else if (const auto written = write_document(options.json, analysis::drift_json(*report));
             !written) {
    return fail(written.error());
  }
  return options.fail_on_drift && report->drifted ? kFailed : kDone;
}

}  // namespace slipway::cli
