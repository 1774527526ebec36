// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "messages.h"

namespace slipway::wire::mlflow {

struct LoggedModelInfo {
  std::string model_id;
  std::string experiment_id;
  std::string name;
  std::int64_t creation_timestamp_ms = 0;
  std::int64_t last_updated_timestamp_ms = 0;
  std::string artifact_uri;
  std::string status;
  std::optional<std::string> model_type;
  std::optional<std::string> source_run_id;
  std::vector<KeyValue> tags;
};
BOOST_DESCRIBE_STRUCT(LoggedModelInfo, (),
                      (model_id, experiment_id, name, creation_timestamp_ms,
                       last_updated_timestamp_ms, artifact_uri, status, model_type, source_run_id,
                       tags))

struct LoggedModelData {
  std::vector<KeyValue> params;
  std::vector<MetricMessage> metrics;
};
BOOST_DESCRIBE_STRUCT(LoggedModelData, (), (params, metrics))

struct LoggedModelMessage {
  LoggedModelInfo info;
  LoggedModelData data;
};
BOOST_DESCRIBE_STRUCT(LoggedModelMessage, (), (info, data))

struct LoggedModelResponse {
  LoggedModelMessage model;
};
BOOST_DESCRIBE_STRUCT(LoggedModelResponse, (), (model))

struct CreateLoggedModel {
  std::string experiment_id;
  std::optional<std::string> name;
  std::string model_type;
  std::string source_run_id;
  std::vector<KeyValue> params;
  std::vector<KeyValue> tags;
};
BOOST_DESCRIBE_STRUCT(CreateLoggedModel, (),
                      (experiment_id, name, model_type, source_run_id, params, tags))

struct GetLoggedModel {
  std::optional<bool> allow_deleted;
};
BOOST_DESCRIBE_STRUCT(GetLoggedModel, (), (allow_deleted))

struct FinalizeLoggedModel {
  std::string model_id;
  json::Raw status;
};
BOOST_DESCRIBE_STRUCT(FinalizeLoggedModel, (), (model_id, status))

struct LoggedModelParams {
  std::string model_id;
  std::vector<KeyValue> params;
};
BOOST_DESCRIBE_STRUCT(LoggedModelParams, (), (model_id, params))

struct LoggedModelTags {
  std::vector<KeyValue> tags;
};
BOOST_DESCRIBE_STRUCT(LoggedModelTags, (), (tags))

struct DatasetFilter {
  std::string dataset_name;
  std::string dataset_digest;
};
BOOST_DESCRIBE_STRUCT(DatasetFilter, (), (dataset_name, dataset_digest))

struct LoggedModelOrder {
  std::string field_name;
  bool ascending = true;
  std::string dataset_name;
  std::string dataset_digest;
};
BOOST_DESCRIBE_STRUCT(LoggedModelOrder, (), (field_name, ascending, dataset_name, dataset_digest))

struct SearchLoggedModels {
  std::optional<std::vector<std::string>> experiment_ids;
  std::string filter;
  std::vector<DatasetFilter> datasets;
  std::optional<std::int64_t> max_results;
  std::vector<LoggedModelOrder> order_by;
  std::string page_token;
};
BOOST_DESCRIBE_STRUCT(SearchLoggedModels, (),
                      (experiment_ids, filter, datasets, max_results, order_by, page_token))

struct LoggedModelsResponse {
  std::vector<LoggedModelMessage> models;
  std::optional<std::string> next_page_token;
};
BOOST_DESCRIBE_STRUCT(LoggedModelsResponse, (), (models, next_page_token))

}  // namespace slipway::wire::mlflow
