// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "messages.h"

namespace slipway::wire::mlflow {

struct ExperimentMessage {
  std::string experiment_id;
  std::string name;
  std::string artifact_location;
  std::string lifecycle_stage;
  std::int64_t last_update_time = 0;
  std::int64_t creation_time = 0;
  std::vector<KeyValue> tags;
};
BOOST_DESCRIBE_STRUCT(ExperimentMessage, (),
                      (experiment_id, name, artifact_location, lifecycle_stage, last_update_time,
                       creation_time, tags))

struct CreateExperiment {
  std::string name;
  std::string artifact_location;
  std::vector<KeyValue> tags;
};
BOOST_DESCRIBE_STRUCT(CreateExperiment, (), (name, artifact_location, tags))

struct ExperimentIdMessage {
  std::string experiment_id;
};
BOOST_DESCRIBE_STRUCT(ExperimentIdMessage, (), (experiment_id))

struct ExperimentNameMessage {
  std::string experiment_name;
};
BOOST_DESCRIBE_STRUCT(ExperimentNameMessage, (), (experiment_name))

struct ExperimentResponse {
  ExperimentMessage experiment;
};
BOOST_DESCRIBE_STRUCT(ExperimentResponse, (), (experiment))

struct UpdateExperiment {
  std::string experiment_id;
  std::string new_name;
};
BOOST_DESCRIBE_STRUCT(UpdateExperiment, (), (experiment_id, new_name))

struct ExperimentTagMessage {
  std::string experiment_id;
  std::string key;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(ExperimentTagMessage, (), (experiment_id, key, value))

struct SearchExperiments {
  std::optional<std::int64_t> max_results;
  std::string page_token;
  std::string filter;
  std::vector<std::string> order_by;
  json::Raw view_type;
};
BOOST_DESCRIBE_STRUCT(SearchExperiments, (), (max_results, page_token, filter, order_by, view_type))

struct ExperimentsResponse {
  std::vector<ExperimentMessage> experiments;
  std::optional<std::string> next_page_token;
};
BOOST_DESCRIBE_STRUCT(ExperimentsResponse, (), (experiments, next_page_token))

}  // namespace slipway::wire::mlflow
