// SPDX-License-Identifier: Apache-2.0
// `slipway drift`: which columns of one file have changed against another.
#include "stats/drift.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "arguments.h"
#include "base/text.h"
#include "columns.h"
#include "commands.h"
#include "json/value.h"
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
  bool fail_on_drift = false;
  std::string json;
};

struct Column {
  std::string name;
  stats::ColumnType type = stats::ColumnType::unknown;
  stats::ColumnDrift drift;
};

struct Report {
  std::vector<Column> columns;
  double share = 0;
  bool drifted = false;
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

// Types follow the current file; a reference that has another one is compared as far as it goes.
Result<Column> compare(const Table& reference, const Field& before, const Table& current,
                       const Field& now, const ColumnFacts& facts, stats::Method method,
                       std::optional<double> threshold) {
  Column out{.name = now.name, .type = facts.type};
  SW_TRY(const auto earlier, facts_of(reference, before));
  SW_TRY(const auto was, sample_of(reference, before, earlier, out.type));
  SW_TRY(const auto is, sample_of(current, now, facts, out.type));
  out.drift = stats::compare(was, is, method, threshold);
  return out;
}

Column missing(const std::string& name, const std::string& where) {
  Column out{.name = name};
  out.drift.error = "the column is not in the " + where + " file";
  return out;
}

Result<Report> report_of(const Options& options) {
  SW_TRY(const auto wanted, method_of(options.method));
  SW_TRY(const auto rules, column_methods(options));
  SW_TRY(const auto reference, open_table(options.reference));
  SW_TRY(const auto current, open_table(options.current));
  for (const auto& [name, method] : rules) {
    if (current->find(name) == nullptr && reference->find(name) == nullptr) {
      return invalid("--column-method names column '" + name + "', which neither file has");
    }
  }
  Report out;
  Progress progress("columns", reference->fields().size());
  for (const auto& column : reference->fields()) {
    progress.add(1);
    const auto* now = current->find(column.name);
    if (now == nullptr) {
      out.columns.push_back(missing(column.name, "current"));
      continue;
    }
    const auto rule = rules.find(column.name);
    auto method = rule != rules.end() ? rule->second : wanted;
    // --method leaves the columns alone that it does not apply to; --column-method means it.
    SW_TRY(const auto facts, facts_of(*current, *now));
    if (rule == rules.end() && !stats::supports(method, facts.type)) {
      method = stats::Method::automatic;
    }
    SW_TRY(auto compared,
           compare(*reference, column, *current, *now, facts, method, options.threshold));
    out.columns.push_back(std::move(compared));
  }
  for (const auto& column : current->fields()) {
    if (reference->find(column.name) == nullptr) {
      out.columns.push_back(missing(column.name, "reference"));
    }
  }
  double tested = 0;
  double drifted = 0;
  for (const auto& column : out.columns) {
    tested += column.drift.score ? 1 : 0;
    drifted += column.drift.drifted ? 1 : 0;
  }
  out.share = tested > 0 ? drifted / tested : 0;
  out.drifted = drifted > 0 && out.share >= options.drift_share;
  return out;
}

json::value maybe(const std::optional<double>& x) {
  return x ? json::value(*x) : json::value(nullptr);
}

std::string document(const Report& report) {
  json::array columns;
  for (const auto& [name, type, drift] : report.columns) {
    const bool chosen = drift.method != stats::Method::automatic;
    columns.push_back(json::object{
        {"name", name},
        {"type", stats::name_of(type)},
        {"method", chosen ? json::value(stats::name_of(drift.method)) : json::value(nullptr)},
        {"score", maybe(drift.score)},
        {"p_value", maybe(drift.p_value)},
        {"statistic", maybe(drift.statistic)},
        {"threshold", chosen ? json::value(drift.threshold) : json::value(nullptr)},
        {"drifted", drift.drifted},
        {"error", drift.error.empty() ? json::value(nullptr) : json::value(drift.error)}});
  }
  return json::dump_value(json::object{{"dataset_drift", report.drifted},
                                       {"drift_share", report.share},
                                       {"columns", std::move(columns)}});
}

std::string short_number(const std::optional<double>& x) {
  if (!x) return "-";
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.4g", *x);
  return buffer;
}

void show(const Report& report) {
  std::vector<Row> rows;
  for (const auto& [name, type, drift] : report.columns) {
    const bool chosen = drift.method != stats::Method::automatic;
    rows.push_back({name, std::string(stats::name_of(type)),
                    chosen ? std::string(stats::name_of(drift.method)) : "-",
                    short_number(drift.score), chosen ? short_number(drift.threshold) : "-",
                    !drift.error.empty() ? drift.error : (drift.drifted ? "DRIFTED" : "same")});
  }
  print_table({"COLUMN", "TYPE", "METHOD", "SCORE", "THRESHOLD", "VERDICT"}, rows);
  print_line(std::string(report.drifted ? "dataset drift: yes" : "dataset drift: no") + ", " +
             number_text(std::round(report.share * 1000) / 10) + " % of the tested columns");
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
  command.add_flag("--fail-on-drift", options.fail_on_drift, "exit 1 when the data drifted");
  command.add_option("--json", options.json, "write JSON to this file; - is standard output");
  if (const auto code = parse(command, "drift", args)) return *code;
  const auto report = report_of(options);
  if (!report) return fail(report.error());
  if (options.json.empty()) {
    show(*report);
  } else if (const auto written = write_document(options.json, document(*report)); !written) {
    return fail(written.error());
  }
  return options.fail_on_drift && report->drifted ? kFailed : kDone;
}

}  // namespace slipway::cli
