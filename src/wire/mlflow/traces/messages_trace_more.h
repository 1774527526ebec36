// SPDX-License-Identifier: Apache-2.0
// Assessments, figures over traces, and the older shape of a trace.
#pragma once

#include "traces/messages_trace.h"

namespace slipway::wire::mlflow {

struct AssessmentCall {  // also the answer
  std::optional<AssessmentMessage> assessment;
};
BOOST_DESCRIBE_STRUCT(AssessmentCall, (), (assessment))

struct UpdateAssessment {
  std::optional<AssessmentMessage> assessment;
  std::optional<std::string> update_mask;
};
BOOST_DESCRIBE_STRUCT(UpdateAssessment, (), (assessment, update_mask))

struct AggregationMessage {
  json::Raw aggregation_type;
  std::optional<double> percentile_value;
};
BOOST_DESCRIBE_STRUCT(AggregationMessage, (), (aggregation_type, percentile_value))

struct QueryTraceMetrics {
  std::vector<std::string> experiment_ids;
  json::Raw view_type;
  std::string metric_name;
  std::vector<AggregationMessage> aggregations;
  std::vector<std::string> dimensions;
  std::vector<std::string> filters;
  std::optional<std::int64_t> time_interval_seconds;
  std::optional<std::int64_t> start_time_ms;
  std::optional<std::int64_t> end_time_ms;
  std::optional<std::int64_t> max_results;
};
BOOST_DESCRIBE_STRUCT(QueryTraceMetrics, (),
                      (experiment_ids, view_type, metric_name, aggregations, dimensions, filters,
                       time_interval_seconds, start_time_ms, end_time_ms, max_results))

struct MetricDataPoint {
  std::string metric_name;
  std::optional<TextMap> dimensions;
  std::map<std::string, double> values;
};
BOOST_DESCRIBE_STRUCT(MetricDataPoint, (), (metric_name, dimensions, values))

struct MetricDataPoints {
  std::vector<MetricDataPoint> data_points;
};
BOOST_DESCRIBE_STRUCT(MetricDataPoints, (), (data_points))

struct StartTrace {
  std::string experiment_id;
  std::int64_t timestamp_ms = 0;
  std::vector<KeyValue> request_metadata;
  std::vector<KeyValue> tags;
};
BOOST_DESCRIBE_STRUCT(StartTrace, (), (experiment_id, timestamp_ms, request_metadata, tags))

struct EndTrace {
  std::int64_t timestamp_ms = 0;
  json::Raw status;
  std::vector<KeyValue> request_metadata;
  std::vector<KeyValue> tags;
};
BOOST_DESCRIBE_STRUCT(EndTrace, (), (timestamp_ms, status, request_metadata, tags))

struct OldTraceInfo {
  std::string request_id;
  std::string experiment_id;
  std::int64_t timestamp_ms = 0;
  std::int64_t execution_time_ms = 0;
  std::string status;
  std::vector<KeyValue> request_metadata;
  std::vector<KeyValue> tags;
};
BOOST_DESCRIBE_STRUCT(OldTraceInfo, (),
                      (request_id, experiment_id, timestamp_ms, execution_time_ms, status,
                       request_metadata, tags))

struct OldTraceAnswer {
  OldTraceInfo trace_info;
};
BOOST_DESCRIBE_STRUCT(OldTraceAnswer, (), (trace_info))

struct SearchTraces {
  std::vector<std::string> experiment_ids;
  std::string filter;
  std::optional<std::int64_t> max_results;
  std::vector<std::string> order_by;
  std::string page_token;
};
BOOST_DESCRIBE_STRUCT(SearchTraces, (), (experiment_ids, filter, max_results, order_by, page_token))

struct OldFoundTraces {
  std::vector<OldTraceInfo> traces;
  std::optional<std::string> next_page_token;
};
BOOST_DESCRIBE_STRUCT(OldFoundTraces, (), (traces, next_page_token))

}  // namespace slipway::wire::mlflow
