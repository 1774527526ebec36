// SPDX-License-Identifier: Apache-2.0
#include "monitor/documents.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "json/value.h"

namespace slipway::monitor {
namespace {

json::value maybe(const std::optional<double>& x) {
  return x && std::isfinite(*x) ? json::value(*x) : json::value(nullptr);
}

json::value maybe_text(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::array texts(const std::vector<std::string>& from) {
  json::array out;
  for (const auto& text : from) out.push_back(json::value(text));
  return out;
}

std::vector<std::string> texts(const json::value* from) {
  std::vector<std::string> out;
  if (from == nullptr || !from->is_array()) return out;
  for (const auto& item : from->get_array()) {
    if (item.is_string()) out.emplace_back(item.get_string());
  }
  return out;
}

json::value band_value(const std::optional<Band>& band) {
  if (!band || !std::isfinite(band->value)) return nullptr;
  return json::object{{"measure", band->measure},
                      {"value", band->value},
                      {"low", maybe(band->low)},
                      {"high", maybe(band->high)}};
}

std::optional<Band> band_from(const json::value* from) {
  if (from == nullptr || !from->is_object()) return std::nullopt;
  return Band{.measure = json::text_at(*from, "measure").value_or(""),
              .value = json::number_at(*from, "value").value_or(0),
              .low = json::number_at(*from, "low").value_or(0),
              .high = json::number_at(*from, "high").value_or(0)};
}

json::object column_object(const ReportColumn& column) {
  const auto& drift = column.drift;
  return {{"name", column.name},
          {"type", stats::name_of(column.type)},
          {"method", drift.method == stats::Method::automatic ? json::value(nullptr)
                                                              : json::value(name_of(drift.method))},
          {"score", maybe(drift.score)},
          {"p_value", maybe(drift.p_value)},
          {"statistic", maybe(drift.statistic)},
          {"threshold", drift.threshold},
          {"effect", maybe(drift.effect)},
          {"adjusted_p_value", maybe(drift.adjusted_p_value)},
          {"drifted", drift.drifted},
          {"error", maybe_text(drift.error)},
          {"null_share", column.null_share},
          {"reference_null_share", column.reference_null_share},
          {"band", band_value(column.band)},
          {"findings", texts(column.findings)}};
}

stats::ColumnType type_named(const std::string& name) {
  using stats::ColumnType;
  for (const auto type :
       {ColumnType::numerical, ColumnType::categorical, ColumnType::datetime, ColumnType::text}) {
    if (stats::name_of(type) == name) return type;
  }
  return ColumnType::unknown;
}

ReportColumn column_from(const json::value& from) {
  ReportColumn out{.name = json::text_at(from, "name").value_or("")};
  out.type = type_named(json::text_at(from, "type").value_or(""));
  auto& drift = out.drift;
  drift.method = stats::method_named(json::text_at(from, "method").value_or("auto"))
                     .value_or(stats::Method::automatic);
  drift.score = json::number_at(from, "score");
  drift.p_value = json::number_at(from, "p_value");
  drift.statistic = json::number_at(from, "statistic");
  drift.threshold = json::number_at(from, "threshold").value_or(0);
  drift.effect = json::number_at(from, "effect");
  drift.adjusted_p_value = json::number_at(from, "adjusted_p_value");
  drift.drifted = json::bool_at(from, "drifted").value_or(false);
  drift.error = json::text_at(from, "error").value_or("");
  out.null_share = json::number_at(from, "null_share").value_or(0);
  out.reference_null_share = json::number_at(from, "reference_null_share").value_or(0);
  out.findings = texts(json::find(from, "findings"));
  out.band = band_from(json::find(from, "band"));
  return out;
}

using Numbers = std::vector<std::pair<std::string, double>>;

json::object numbers(const Numbers& from) {
  json::object out;
  for (const auto& [name, value] : from) out[name] = maybe(value);
  return out;
}

Numbers numbers(const json::value* from) {
  Numbers out;
  if (from == nullptr || !from->is_object()) return out;
  for (const auto& [key, value] : from->get_object()) {
    if (value.is_number()) out.emplace_back(std::string(key), value.to_number<double>());
  }
  return out;
}

json::object segment_object(const stats::Segment& segment) {
  return {{"column", segment.column},
          {"conditions", texts(segment.conditions)},
          {"reference_rows", segment.reference_rows},
          {"current_rows", segment.current_rows},
          {"effect", segment.effect},
          {"effect_elsewhere", segment.effect_elsewhere},
          {"p_value", segment.p_value}};
}

std::vector<stats::Segment> segments(const json::value* from) {
  std::vector<stats::Segment> out;
  if (from == nullptr || !from->is_array()) return out;
  const auto rows = [](const json::value& item, const char* key) {
    return static_cast<std::size_t>(std::max<std::int64_t>(0, json::int_at(item, key).value_or(0)));
  };
  for (const auto& item : from->get_array()) {
    out.push_back({.column = json::text_at(item, "column").value_or(""),
                   .conditions = texts(json::find(item, "conditions")),
                   .reference_rows = rows(item, "reference_rows"),
                   .current_rows = rows(item, "current_rows"),
                   .effect = json::number_at(item, "effect").value_or(0),
                   .effect_elsewhere = json::number_at(item, "effect_elsewhere").value_or(0),
                   .p_value = json::number_at(item, "p_value").value_or(1)});
  }
  return out;
}

json::object drop_object(const stats::Drop& drop) {
  json::array columns;
  for (const auto& column : drop.columns) {
    columns.push_back(json::object{{"column", column.column},
                                   {"moved", maybe(column.moved)},
                                   {"changed", maybe(column.changed)},
                                   {"worst", maybe_text(column.worst)},
                                   {"worst_change", maybe(column.worst_change)}});
  }
  return {{"reference_loss", maybe(drop.reference_loss)},
          {"current_loss", maybe(drop.current_loss)},
          {"columns", std::move(columns)}};
}

stats::Drop drop_from(const json::value& from) {
  stats::Drop out{.reference_loss = json::number_at(from, "reference_loss").value_or(0),
                  .current_loss = json::number_at(from, "current_loss").value_or(0),
                  .columns = {}};
  const auto* columns = json::find(from, "columns");
  if (columns == nullptr || !columns->is_array()) return out;
  for (const auto& item : columns->get_array()) {
    out.columns.push_back({.column = json::text_at(item, "column").value_or(""),
                           .moved = json::number_at(item, "moved").value_or(0),
                           .changed = json::number_at(item, "changed").value_or(0),
                           .worst = json::text_at(item, "worst").value_or(""),
                           .worst_change = json::number_at(item, "worst_change").value_or(0)});
  }
  return out;
}

json::object detail_object(const DriftReport& report) {
  json::array columns;
  for (const auto& column : report.columns) columns.push_back(column_object(column));
  json::object out{{"columns", std::move(columns)}, {"findings", texts(report.findings)}};
  if (!report.estimated.empty()) {
    out["estimated"] = numbers(report.estimated);
    out["estimate_calibrated"] = report.calibrated;
  }
  if (!report.multivariate.empty()) out["multivariate"] = numbers(report.multivariate);
  json::array found;
  for (const auto& segment : report.segments) found.push_back(segment_object(segment));
  out["segments"] = std::move(found);
  return out;
}

json::object metrics_object(const QualityWindow& window) {
  json::object out;
  for (const auto& [name, value] : window.metrics) out[name] = maybe(value);
  if (window.drop) out["drop"] = drop_object(*window.drop);
  return out;
}

}  // namespace

std::string alert_json(const Alert& alert) {
  return json::dump_value(json::object{
      {"id", alert.id},
      {"endpoint", alert.endpoint},
      {"model", alert.model},
      {"version", alert.version},
      {"kind", name_of(alert.kind)},
      {"state", name_of(alert.state)},
      {"opened", to_rfc3339(alert.opened)},
      {"closed", alert.closed ? json::value(to_rfc3339(*alert.closed)) : json::value(nullptr)},
      {"closed_by", maybe_text(alert.closed_by)},
      {"report_id", maybe_text(alert.report_id)},
      {"message", alert.message},
      {"value", alert.value},
      {"threshold", alert.threshold},
      {"severity", alert.severity},
      {"owner", maybe_text(alert.owner)},
      {"execution_id", maybe_text(alert.execution_id)},
      {"retrain_note", maybe_text(alert.retrain_note)}});
}

std::string report_json(const DriftReport& report) {
  json::object out{{"id", report.id},
                   {"endpoint", report.endpoint},
                   {"model", report.model},
                   {"version", report.version},
                   {"window_start", to_rfc3339(report.window_start)},
                   {"window_end", to_rfc3339(report.window_end)},
                   {"rows", report.rows},
                   {"drift_share", report.drift_share},
                   {"dataset_drift", report.dataset_drift},
                   {"threshold", report.threshold},
                   {"error", maybe_text(report.error)}};
  for (auto& [key, value] : detail_object(report)) out[key] = std::move(value);
  if (!report.realised.empty()) out["realised"] = numbers(report.realised);
  return json::dump_value(out);
}

std::string quality_json(const QualityWindow& window) {
  json::object out{{"id", maybe_text(window.id)},
                   {"endpoint", window.endpoint},
                   {"model", window.model},
                   {"version", window.version},
                   {"window_start", to_rfc3339(window.window_start)},
                   {"window_end", to_rfc3339(window.window_end)},
                   {"labelled", window.labelled},
                   {"open", window.open},
                   {"accuracy", nullptr},
                   {"roc_auc", nullptr},
                   {"log_loss", nullptr}};
  for (auto& [key, value] : metrics_object(window)) out[key] = std::move(value);
  return json::dump_value(out);
}

std::string report_detail(const DriftReport& report) {
  return json::dump_value(detail_object(report));
}

Result<void> read_report_detail(std::string_view document, DriftReport& into) {
  SW_TRY(const auto parsed, json::parse_value(document));
  const auto* columns = json::find(parsed, "columns");
  if (columns != nullptr && columns->is_array()) {
    for (const auto& column : columns->get_array()) into.columns.push_back(column_from(column));
  }
  into.findings = texts(json::find(parsed, "findings"));
  into.estimated = numbers(json::find(parsed, "estimated"));
  into.calibrated = json::bool_at(parsed, "estimate_calibrated").value_or(false);
  into.multivariate = numbers(json::find(parsed, "multivariate"));
  into.segments = segments(json::find(parsed, "segments"));
  return {};
}

std::string metrics_json(const QualityWindow& window) {
  return json::dump_value(metrics_object(window));
}

Result<void> read_metrics(std::string_view document, QualityWindow& into) {
  SW_TRY(const auto parsed, json::parse_value(document));
  if (!parsed.is_object()) return {};
  for (const auto& [key, value] : parsed.get_object()) {
    if (value.is_number()) into.metrics.emplace_back(std::string(key), value.to_number<double>());
    if (key == "drop") into.drop = drop_from(value);
  }
  return {};
}

}  // namespace slipway::monitor
