// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "messages.h"

namespace slipway::wire::mlflow {

struct RunInfo {
  std::string run_uuid;
  std::string experiment_id;
  std::string run_name;
  std::string user_id;
  std::string status;
  std::int64_t start_time = 0;
  std::optional<std::int64_t> end_time;
  std::string artifact_uri;
  std::string lifecycle_stage;
  std::string run_id;
};
BOOST_DESCRIBE_STRUCT(RunInfo, (),
                      (run_uuid, experiment_id, run_name, user_id, status, start_time, end_time,
                       artifact_uri, lifecycle_stage, run_id))

struct RunData {
  std::vector<MetricMessage> metrics;
  std::vector<KeyValue> params;
  std::vector<KeyValue> tags;
};
BOOST_DESCRIBE_STRUCT(RunData, (), (metrics, params, tags))

struct DatasetMessage {
  std::optional<std::string> name;
  std::optional<std::string> digest;
  std::optional<std::string> source_type;
  std::optional<std::string> source;
  std::optional<std::string> schema;
  std::optional<std::string> profile;
};
BOOST_DESCRIBE_STRUCT(DatasetMessage, (), (name, digest, source_type, source, schema, profile))

struct DatasetInputMessage {
  std::vector<KeyValue> tags;
  std::optional<DatasetMessage> dataset;
};
BOOST_DESCRIBE_STRUCT(DatasetInputMessage, (), (tags, dataset))

struct ModelInputMessage {
  std::string model_id;
};
BOOST_DESCRIBE_STRUCT(ModelInputMessage, (), (model_id))

struct ModelOutputMessage {
  std::string model_id;
  std::int64_t step = 0;
};
BOOST_DESCRIBE_STRUCT(ModelOutputMessage, (), (model_id, step))

struct RunInputs {
  std::vector<DatasetInputMessage> dataset_inputs;
  std::vector<ModelInputMessage> model_inputs;
};
BOOST_DESCRIBE_STRUCT(RunInputs, (), (dataset_inputs, model_inputs))

struct RunOutputs {
  std::vector<ModelOutputMessage> model_outputs;
};
BOOST_DESCRIBE_STRUCT(RunOutputs, (), (model_outputs))

struct RunMessage {
  RunInfo info;
  RunData data;
  RunInputs inputs;
  std::optional<RunOutputs> outputs;  // not in the answer to runs/create
};
BOOST_DESCRIBE_STRUCT(RunMessage, (), (info, data, inputs, outputs))
RunMessage to_wire(const tracking::Run& run);

struct RunResponse {
  RunMessage run;
};
BOOST_DESCRIBE_STRUCT(RunResponse, (), (run))

struct CreateRun {
  std::string experiment_id;
  std::string user_id;
  std::string run_name;
  std::optional<std::int64_t> start_time;
  std::vector<KeyValue> tags;
};
BOOST_DESCRIBE_STRUCT(CreateRun, (), (experiment_id, user_id, run_name, start_time, tags))

struct UpdateRun {
  std::string run_id;
  std::string run_uuid;
  json::Raw status;
  std::optional<std::int64_t> end_time;
  std::optional<std::string> run_name;
};
BOOST_DESCRIBE_STRUCT(UpdateRun, (), (run_id, run_uuid, status, end_time, run_name))

struct UpdateRunResponse {
  RunInfo run_info;
};
BOOST_DESCRIBE_STRUCT(UpdateRunResponse, (), (run_info))

struct RunIdMessage {
  std::string run_id;
  std::string run_uuid;
};
BOOST_DESCRIBE_STRUCT(RunIdMessage, (), (run_id, run_uuid))

struct LogMetric {
  std::string run_id;
  std::string run_uuid;
  std::string key;
  std::optional<double> value;
  std::optional<std::int64_t> timestamp;
  std::int64_t step = 0;
  std::string model_id;
  std::string dataset_name;
  std::string dataset_digest;
};
BOOST_DESCRIBE_STRUCT(LogMetric, (),
                      (run_id, run_uuid, key, value, timestamp, step, model_id, dataset_name,
                       dataset_digest))

// A param or a tag of a run.
struct RunPair {
  std::string run_id;
  std::string run_uuid;
  std::string key;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(RunPair, (), (run_id, run_uuid, key, value))

struct LogBatch {
  std::string run_id;
  std::vector<LogMetric> metrics;
  std::vector<KeyValue> params;
  std::vector<KeyValue> tags;
};
BOOST_DESCRIBE_STRUCT(LogBatch, (), (run_id, metrics, params, tags))

struct LogModel {
  std::string run_id;
  std::string model_json;
};
BOOST_DESCRIBE_STRUCT(LogModel, (), (run_id, model_json))

struct LogInputs {
  std::string run_id;
  std::vector<DatasetInputMessage> datasets;
  std::vector<ModelInputMessage> models;
};
BOOST_DESCRIBE_STRUCT(LogInputs, (), (run_id, datasets, models))

struct LogOutputs {
  std::string run_id;
  std::vector<ModelOutputMessage> models;
};
BOOST_DESCRIBE_STRUCT(LogOutputs, (), (run_id, models))

struct SearchRuns {
  std::vector<std::string> experiment_ids;
  std::string filter;
  json::Raw run_view_type;
  std::int64_t max_results = 1000;
  std::vector<std::string> order_by;
  std::string page_token;
};
BOOST_DESCRIBE_STRUCT(SearchRuns, (),
                      (experiment_ids, filter, run_view_type, max_results, order_by, page_token))

struct RunsResponse {
  std::vector<RunMessage> runs;
  std::optional<std::string> next_page_token;
};
BOOST_DESCRIBE_STRUCT(RunsResponse, (), (runs, next_page_token))

struct SearchDatasets {
  std::vector<std::string> experiment_ids;
};
BOOST_DESCRIBE_STRUCT(SearchDatasets, (), (experiment_ids))

struct DatasetSummaryMessage {
  std::string experiment_id;
  std::string name;
  std::string digest;
  std::optional<std::string> context;
};
BOOST_DESCRIBE_STRUCT(DatasetSummaryMessage, (), (experiment_id, name, digest, context))

struct DatasetsResponse {
  std::vector<DatasetSummaryMessage> dataset_summaries;
};
BOOST_DESCRIBE_STRUCT(DatasetsResponse, (), (dataset_summaries))

}  // namespace slipway::wire::mlflow
