// SPDX-License-Identifier: Apache-2.0
// MLflow REST, figures over traces, spans and assessments.
#include <algorithm>

#include "base/text.h"
#include "endpoint.h"
#include "json/spaced.h"
#include "rules.h"
#include "traces/messages_trace_more.h"
#include "traces/trace_search.h"
#include "tracing/tracing.h"
#include "wire/mlflow/routes.h"

namespace slipway::wire::mlflow {
namespace {

using tracing::Aggregation;
using tracing::Dimension;
using tracing::Measure;
using tracing::Subject;
using tracing::Tracing;

enum Kinds : unsigned { kCount = 1, kSum = 2, kSpread = 4 };  // spread: average, least, most, share
constexpr unsigned kAll = kSum | kSpread;

struct Figure {
  Subject subject;
  std::string_view name;
  Measure measure;
  unsigned kinds;
  std::vector<std::string_view> dimensions;
};
const Figure kFigures[] = {
    {Subject::traces, "trace_count", Measure::count, kCount, {"trace_name", "trace_status"}},
    {Subject::traces, "session_count", Measure::sessions, kCount, {}},
    {Subject::traces, "latency", Measure::latency, kSpread, {"trace_name"}},
    {Subject::traces, "input_tokens", Measure::input_tokens, kAll, {"trace_name"}},
    {Subject::traces, "output_tokens", Measure::output_tokens, kAll, {"trace_name"}},
    {Subject::traces, "total_tokens", Measure::total_tokens, kAll, {"trace_name"}},
    {Subject::traces, "cache_read_input_tokens", Measure::cache_read_tokens, kAll, {"trace_name"}},
    {Subject::traces,
     "cache_creation_input_tokens",
     Measure::cache_write_tokens,
     kAll,
     {"trace_name"}},
    {Subject::spans,
     "span_count",
     Measure::count,
     kCount,
     {"span_name", "span_type", "span_status", "span_model_name", "span_model_provider"}},
    {Subject::spans, "latency", Measure::latency, kSpread, {"span_name", "span_status"}},
    {Subject::spans,
     "input_cost",
     Measure::input_cost,
     kAll,
     {"span_model_name", "span_model_provider"}},
    {Subject::spans,
     "output_cost",
     Measure::output_cost,
     kAll,
     {"span_model_name", "span_model_provider"}},
    {Subject::spans,
     "total_cost",
     Measure::total_cost,
     kAll,
     {"span_model_name", "span_model_provider"}},
    {Subject::assessments,
     "assessment_count",
     Measure::count,
     kCount,
     {"assessment_name", "assessment_value"}},
    {Subject::assessments, "assessment_value", Measure::value, kSpread, {"assessment_name"}},
};

constexpr std::pair<std::string_view, Dimension> kDimensions[] = {
    {"trace_name", Dimension::name},
    {"trace_status", Dimension::state},
    {"span_name", Dimension::name},
    {"span_type", Dimension::type},
    {"span_status", Dimension::state},
    {"span_model_name", Dimension::model},
    {"span_model_provider", Dimension::provider},
    {"assessment_name", Dimension::name},
    {"assessment_value", Dimension::value}};

Result<Subject> subject_of(const json::Raw& raw) {
  SW_TRY(const auto name, enum_name(raw, "view_type", {"TRACES", "SPANS", "ASSESSMENTS"}, 1));
  if (!name) return missing("view_type");
  if (*name == "TRACES") return Subject::traces;
  return *name == "SPANS" ? Subject::spans : Subject::assessments;
}

Result<const Figure*> figure_of(Subject subject, const std::string& name) {
  std::string names;
  for (const auto& figure : kFigures) {
    if (figure.subject != subject) continue;
    if (figure.name == name) return &figure;
    (names += names.empty() ? "" : ", ") += figure.name;
  }
  return invalid("invalid metric_name '" + cut(name, 100) + "'", "one of " + names);
}

struct Wanted {
  Aggregation aggregation;
  std::string label;  // "P99.9", "AVG"
};

Result<Wanted> aggregation_of(const AggregationMessage& in, const Figure& figure) {
  using Kind = Aggregation::Kind;
  SW_TRY(const auto name, enum_name(in.aggregation_type, "aggregation_type",
                                    {"COUNT", "SUM", "AVG", "PERCENTILE", "MIN", "MAX"}, 1));
  if (!name) return missing("aggregation_type");
  Wanted out{{}, *name};
  unsigned kind = kSpread;
  if (*name == "COUNT") {
    kind = kCount;
  } else if (*name == "SUM") {
    kind = kSum;
    out.aggregation.kind = Kind::sum;
  } else if (*name == "AVG") {
    out.aggregation.kind = Kind::average;
  } else if (*name == "MIN") {
    out.aggregation.kind = Kind::minimum;
  } else if (*name == "MAX") {
    out.aggregation.kind = Kind::maximum;
  } else {
    out.aggregation.kind = Kind::percentile;
  }
  if ((figure.kinds & kind) == 0) {
    return invalid("'" + *name + "' is no aggregation of '" + std::string(figure.name) + "'");
  }
  const bool percentile = out.aggregation.kind == Kind::percentile;
  if (percentile != in.percentile_value.has_value()) {
    return invalid(percentile ? "percentile_value is required for PERCENTILE"
                              : "percentile_value is only allowed for PERCENTILE");
  }
  if (percentile) {
    if (!(*in.percentile_value >= 0 && *in.percentile_value <= 100)) {
      return invalid("percentile_value must be between 0 and 100");
    }
    out.aggregation.percent = *in.percentile_value;
    out.label = "P";
    json::append_spaced(out.label, *in.percentile_value);
  }
  return out;
}

Result<Dimension> dimension_of(const std::string& name, const Figure& figure) {
  const auto& known = figure.dimensions;
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    return invalid("'" + cut(name, 100) + "' is no dimension of '" + std::string(figure.name) +
                   "'");
  }
  for (const auto& [theirs, ours] : kDimensions) {
    if (theirs == name) return ours;
  }
  return invalid("invalid dimension '" + cut(name, 100) + "'");
}

// 2026-11-23T01:00:00+00:00
std::string bucket_text(std::int64_t ms) {
  auto out = to_rfc3339(Timestamp{ms});
  const auto fraction = out.find('.');
  if (fraction != std::string::npos) out.resize(fraction);
  return out + "+00:00";
}

Result<MetricDataPoints> query(Tracing& tracing, const QueryTraceMetrics& in) {
  if (in.experiment_ids.empty()) return missing("experiment_ids");
  if (in.metric_name.empty()) return missing("metric_name");
  if (in.aggregations.empty()) return missing("aggregations");
  tracing::MetricsQuery query;
  for (const auto& id : in.experiment_ids) query.experiments.emplace_back(id);
  SW_TRY(query.subject, subject_of(in.view_type));
  SW_TRY(const auto* figure, figure_of(query.subject, in.metric_name));
  query.measure = figure->measure;
  std::vector<std::string> labels;
  for (const auto& one : in.aggregations) {
    SW_TRY(auto wanted, aggregation_of(one, *figure));
    query.aggregations.push_back(wanted.aggregation);
    labels.push_back(std::move(wanted.label));
  }
  for (const auto& name : in.dimensions) {
    SW_TRY(const auto dimension, dimension_of(name, *figure));
    query.dimensions.push_back(dimension);
  }
  for (const auto& text : in.filters) {
    SW_TRY(auto filter, figures_filter(text));
    query.filters.push_back(std::move(filter));
  }
  if (in.time_interval_seconds.value_or(0) != 0) {
    if (!in.start_time_ms || !in.end_time_ms) {
      return invalid("start_time_ms and end_time_ms are required if time_interval_seconds is set");
    }
    query.bucket_seconds = in.time_interval_seconds;
  }
  query.from_ms = in.start_time_ms;
  query.to_ms = in.end_time_ms;
  const auto most = in.max_results.value_or(1'000);
  if (most < 1 || most > 100'000) {
    return invalid("invalid value " + std::to_string(most) + " for parameter 'max_results'");
  }
  query.limit = static_cast<std::size_t>(most);
  SW_TRY(const auto points, tracing.metrics().query(query));
  MetricDataPoints out;
  for (const auto& point : points) {
    MetricDataPoint shown;
    shown.metric_name = in.metric_name;
    TextMap dimensions;
    if (point.bucket_ms) dimensions["time_bucket"] = bucket_text(*point.bucket_ms);
    for (std::size_t i = 0; i < point.dimensions.size(); ++i) {
      dimensions[in.dimensions[i]] = point.dimensions[i];
    }
    if (!dimensions.empty()) shown.dimensions = std::move(dimensions);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (point.values[i]) shown.values[labels[i]] = *point.values[i];
    }
    if (!shown.values.empty()) out.data_points.push_back(std::move(shown));
  }
  return out;
}

}  // namespace

void add_trace_metric_routes(net::Router& router, Tracing& tracing) {
  Endpoints at{router, tracing, "trace", "3.0"};
  at.post("traces/metrics", query);
}

}  // namespace slipway::wire::mlflow
