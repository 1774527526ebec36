// SPDX-License-Identifier: Apache-2.0
// Evaluation datasets and scorers.
#pragma once

#include "messages.h"

namespace slipway::wire::mlflow {

struct CreateEvaluationDataset {
  std::string name;
  std::vector<std::string> experiment_ids;
  std::string tags;  // a JSON object, as text
};
BOOST_DESCRIBE_STRUCT(CreateEvaluationDataset, (), (name, experiment_ids, tags))

struct EvaluationDataset {
  std::string dataset_id;
  std::string name;
  std::optional<std::string> tags;
  std::optional<std::string> schema;
  std::optional<std::string> profile;
  std::string digest;
  std::int64_t created_time = 0;
  std::int64_t last_update_time = 0;
  std::optional<std::string> created_by;
  std::optional<std::string> last_updated_by;
  std::vector<std::string> experiment_ids;
};
BOOST_DESCRIBE_STRUCT(EvaluationDataset, (),
                      (dataset_id, name, tags, schema, profile, digest, created_time,
                       last_update_time, created_by, last_updated_by, experiment_ids))

struct EvaluationDatasetAnswer {
  EvaluationDataset dataset;
};
BOOST_DESCRIBE_STRUCT(EvaluationDatasetAnswer, (), (dataset))

struct SearchEvaluationDatasets {
  std::vector<std::string> experiment_ids;
  std::string filter_string;
  std::optional<std::int64_t> max_results;
  std::vector<std::string> order_by;
  std::string page_token;
};
BOOST_DESCRIBE_STRUCT(SearchEvaluationDatasets, (),
                      (experiment_ids, filter_string, max_results, order_by, page_token))

struct EvaluationDatasetPage {
  std::vector<EvaluationDataset> datasets;
  std::optional<std::string> next_page_token;
};
BOOST_DESCRIBE_STRUCT(EvaluationDatasetPage, (), (datasets, next_page_token))

struct SetDatasetTags {
  std::string tags;
};
BOOST_DESCRIBE_STRUCT(SetDatasetTags, (), (tags))

struct UpsertRecords {
  std::string records;
};
BOOST_DESCRIBE_STRUCT(UpsertRecords, (), (records))

struct UpsertRecordsAnswer {
  std::int64_t inserted_count = 0;
  std::int64_t updated_count = 0;
};
BOOST_DESCRIBE_STRUCT(UpsertRecordsAnswer, (), (inserted_count, updated_count))

struct PageWanted {
  std::optional<std::int64_t> max_results;
  std::string page_token;
};
BOOST_DESCRIBE_STRUCT(PageWanted, (), (max_results, page_token))

struct RecordsAnswer {
  std::string records;
  std::optional<std::string> next_page_token;
};
BOOST_DESCRIBE_STRUCT(RecordsAnswer, (), (records, next_page_token))

struct DeleteRecords {
  std::vector<std::string> dataset_record_ids;
};
BOOST_DESCRIBE_STRUCT(DeleteRecords, (), (dataset_record_ids))

struct DeleteRecordsAnswer {
  std::int64_t deleted_count = 0;
};
BOOST_DESCRIBE_STRUCT(DeleteRecordsAnswer, (), (deleted_count))

struct ExperimentIds {
  std::vector<std::string> experiment_ids;
};
BOOST_DESCRIBE_STRUCT(ExperimentIds, (), (experiment_ids))

struct RegisterScorer {
  std::string experiment_id;
  std::string name;
  std::string serialized_scorer;
};
BOOST_DESCRIBE_STRUCT(RegisterScorer, (), (experiment_id, name, serialized_scorer))

struct RegisteredScorer {
  std::int64_t version = 0;
  std::string scorer_id;
  std::string experiment_id;
  std::string name;
  std::string serialized_scorer;
  std::int64_t creation_time = 0;
};
BOOST_DESCRIBE_STRUCT(RegisteredScorer, (),
                      (version, scorer_id, experiment_id, name, serialized_scorer, creation_time))

struct ScorerWanted {
  std::string experiment_id;
  std::vector<std::string> experiment_ids;
  std::string name;
  std::optional<std::int64_t> version;
};
BOOST_DESCRIBE_STRUCT(ScorerWanted, (), (experiment_id, experiment_ids, name, version))

struct ScorerIds {
  std::vector<std::string> scorer_ids;
};
BOOST_DESCRIBE_STRUCT(ScorerIds, (), (scorer_ids))

struct ScorerMessage {
  std::int64_t experiment_id = 0;
  std::string scorer_name;
  std::int64_t scorer_version = 0;
  std::string serialized_scorer;
  std::int64_t creation_time = 0;
  std::string scorer_id;
};
BOOST_DESCRIBE_STRUCT(ScorerMessage, (),
                      (experiment_id, scorer_name, scorer_version, serialized_scorer, creation_time,
                       scorer_id))

struct ScorerAnswer {
  ScorerMessage scorer;
};
BOOST_DESCRIBE_STRUCT(ScorerAnswer, (), (scorer))

struct ScorerList {
  std::vector<ScorerMessage> scorers;
};
BOOST_DESCRIBE_STRUCT(ScorerList, (), (scorers))

}  // namespace slipway::wire::mlflow
