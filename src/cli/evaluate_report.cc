// SPDX-License-Identifier: Apache-2.0
#include "evaluate_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/text.h"
#include "commands.h"
#include "json/value.h"
#include "output.h"

namespace slipway::cli {
namespace {

json::value number_or_null(double x) {
  return std::isfinite(x) ? json::value(x) : json::value(nullptr);
}

json::object object_of(const Metrics& metrics) {
  json::object out;
  for (const auto& [name, x] : metrics) {
    out[name] = name == "count" || name == "rows" ? json::value(static_cast<std::int64_t>(x))
                                                  : number_or_null(x);
  }
  return out;
}

json::object drop_object(const stats::Drop& drop) {
  json::array columns;
  for (const auto& column : drop.columns) {
    columns.push_back(json::object{
        {"name", column.column},
        {"moved", column.moved},
        {"changed", column.changed},
        {"worst", column.worst.empty() ? json::value(nullptr) : json::value(column.worst)},
        {"worst_change", column.worst_change}});
  }
  return {{"reference_loss", drop.reference_loss},
          {"current_loss", drop.current_loss},
          {"columns", std::move(columns)}};
}

json::value label_value(const std::string& label, LabelKind kind) {
  if (kind == LabelKind::flag) return label == "true";
  const auto number = kind == LabelKind::number ? parse_double(label) : std::nullopt;
  if (!number) return json::value(label);
  const auto whole = static_cast<std::int64_t>(*number);
  return static_cast<double>(whole) == *number ? json::value(whole) : json::value(*number);
}

void show(const stats::Drop& drop) {
  print_line("mean loss " + short_number(drop.reference_loss) + " -> " +
             short_number(drop.current_loss) + ", of which by column:");
  std::vector<Row> rows;
  for (std::size_t i = 0; i < std::min<std::size_t>(drop.columns.size(), 10); ++i) {
    const auto& column = drop.columns[i];
    rows.push_back({column.column, short_number(column.moved), short_number(column.changed),
                    column.worst.empty() ? "-" : column.worst});
  }
  print_table({"COLUMN", "ROWS MOVED", "LOSS CHANGED", "MOST IN"}, rows);
}

analysis::NamedNumbers of(const stats::ClassScore& score) {
  return {{"precision", score.precision},
          {"recall", score.recall},
          {"f1", score.f1},
          {"rows", static_cast<double>(score.support)}};
}

}  // namespace

std::string short_number(double x) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.6g", x);
  return std::isnan(x) ? "-" : buffer;
}

std::string document(const std::string& task, const Report& report) {
  json::object out{{"task", task},
                   {"rows", report.rows},
                   {"skipped_rows", report.skipped},
                   {"metrics", object_of(report.metrics)}};
  if (report.classes) {
    json::object per_class;
    json::array labels;
    json::array matrix;
    for (std::size_t k = 0; k < report.labels.size(); ++k) {
      const auto& score = report.classes->classes[k];
      per_class[report.labels[k]] = json::object{{"precision", score.precision},
                                                 {"recall", score.recall},
                                                 {"f1", score.f1},
                                                 {"support", score.support}};
      labels.push_back(label_value(report.labels[k], report.label_kind));
      json::array row;
      for (const auto count : report.classes->confusion[k]) row.push_back(json::value(count));
      matrix.push_back(std::move(row));
    }
    out["per_class"] = std::move(per_class);
    out["confusion_matrix"] =
        json::object{{"labels", std::move(labels)}, {"matrix", std::move(matrix)}};
  }
  json::array groups;
  for (const auto& [name, metrics] : report.groups) {
    json::object group{{"group", name}};
    for (auto& [key, x] : object_of(metrics)) group[key] = std::move(x);
    groups.push_back(std::move(group));
  }
  out["groups"] = std::move(groups);
  out["fairness"] = object_of(report.fairness);
  if (!report.estimated.empty()) out["estimated"] = object_of(report.estimated);
  if (report.drop) out["drop"] = drop_object(*report.drop);
  return json::dump_value(out);
}

void show(const Report& report) {
  std::vector<Row> rows;
  for (const auto& [name, x] : report.metrics) rows.push_back({name, short_number(x)});
  for (const auto& [name, x] : report.fairness) rows.push_back({name, short_number(x)});
  for (const auto& [name, x] : report.estimated) {
    rows.push_back({"estimated " + name, short_number(x)});
  }
  print_table({"METRIC", "VALUE"}, rows);
  if (!report.groups.empty()) {
    Row head{"group"};
    for (const auto& [name, x] : report.groups[0].second) head.push_back(name);
    std::vector<Row> groups;
    for (const auto& [name, metrics] : report.groups) {
      Row row{name};
      for (const auto& [key, x] : metrics) row.push_back(short_number(x));
      groups.push_back(std::move(row));
    }
    print_line("");
    print_table(head, groups);
  }
  if (report.drop) show(*report.drop);
  print_line(std::to_string(report.rows) + " rows, " + std::to_string(report.skipped) +
             " left out: a value is missing");
}

std::string page(const std::string& file, const std::string& task, const Report& report,
                 const std::vector<std::string>& broken, bool bounded) {
  analysis::QualityPage out{.file = file,
                            .task = task,
                            .rows = static_cast<std::int64_t>(report.rows),
                            .skipped = report.skipped,
                            .bounded = bounded,
                            .broken = broken,
                            .metrics = report.metrics,
                            .fairness = report.fairness,
                            .estimated = report.estimated,
                            .groups = report.groups,
                            .drop = report.drop,
                            .pictures = report.pictures};
  if (report.classes) {
    out.labels = report.labels;
    out.confusion = report.classes->confusion;
    for (std::size_t k = 0; k < report.labels.size(); ++k) {
      out.per_class.emplace_back(report.labels[k], of(report.classes->classes[k]));
    }
    if (report.positive) {
      out.positive = report.labels[*report.positive];
      for (const auto& label : report.labels) {
        if (label != out.positive) out.negative = label;
      }
    }
  }
  return analysis::quality_page(out);
}

}  // namespace slipway::cli
