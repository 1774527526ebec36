// SPDX-License-Identifier: Apache-2.0
// Label schemas and review queues.
#pragma once

#include "messages.h"

namespace slipway::wire::mlflow {

struct PassFailMessage {
  std::string positive_label;
  std::string negative_label;
};
BOOST_DESCRIBE_STRUCT(PassFailMessage, (), (positive_label, negative_label))

struct CategoricalMessage {
  std::vector<std::string> options;
  bool multi_select = false;
};
BOOST_DESCRIBE_STRUCT(CategoricalMessage, (), (options, multi_select))

struct NumericMessage {
  std::optional<double> min_value;
  std::optional<double> max_value;
};
BOOST_DESCRIBE_STRUCT(NumericMessage, (), (min_value, max_value))

struct TextMessage {
  std::optional<std::int64_t> max_length;
};
BOOST_DESCRIBE_STRUCT(TextMessage, (), (max_length))

struct LabelInputMessage {
  std::optional<PassFailMessage> pass_fail;
  std::optional<CategoricalMessage> categorical;
  std::optional<NumericMessage> numeric;
  std::optional<TextMessage> text;
};
BOOST_DESCRIBE_STRUCT(LabelInputMessage, (), (pass_fail, categorical, numeric, text))

struct LabelSchemaIn {
  std::string schema_id;
  std::string experiment_id;
  std::optional<std::string> name;
  json::Raw type;
  std::optional<LabelInputMessage> input;
  std::optional<std::string> instruction;
  std::optional<bool> enable_comment;
};
BOOST_DESCRIBE_STRUCT(LabelSchemaIn, (),
                      (schema_id, experiment_id, name, type, input, instruction, enable_comment))

struct LabelSchemaMessage {
  std::string schema_id;
  std::string experiment_id;
  std::string name;
  std::string type;
  std::optional<std::string> instruction;
  bool enable_comment = false;
  LabelInputMessage input;
  std::int64_t created_at = 0;
  std::int64_t last_updated_at = 0;
  bool is_default = false;
  std::optional<std::string> created_by;
};
BOOST_DESCRIBE_STRUCT(LabelSchemaMessage, (),
                      (schema_id, experiment_id, name, type, instruction, enable_comment, input,
                       created_at, last_updated_at, is_default, created_by))

struct LabelSchemaAnswer {
  LabelSchemaMessage label_schema;
};
BOOST_DESCRIBE_STRUCT(LabelSchemaAnswer, (), (label_schema))

// Which ones: used by gets, lists and deletes of schemas and queues.
struct ReviewWanted {
  std::string schema_id;
  std::string queue_id;
  std::string experiment_id;
  std::string name;
  std::optional<std::string> user;
  std::optional<std::string> item_id;
  json::Raw status;
  std::optional<std::int64_t> max_results;
  std::string page_token;
};
BOOST_DESCRIBE_STRUCT(ReviewWanted, (),
                      (schema_id, queue_id, experiment_id, name, user, item_id, status, max_results,
                       page_token))

struct LabelSchemaPage {
  std::vector<LabelSchemaMessage> label_schemas;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(LabelSchemaPage, (), (label_schemas, next_page_token))

struct ReviewQueueIn {
  std::string queue_id;
  std::string experiment_id;
  std::optional<std::string> name;
  json::Raw queue_type;
  bool update_users = false;
  std::vector<std::string> users;
  bool update_schema_ids = false;
  std::vector<std::string> schema_ids;
  std::optional<std::string> new_owner;
};
BOOST_DESCRIBE_STRUCT(ReviewQueueIn, (),
                      (queue_id, experiment_id, name, queue_type, update_users, users,
                       update_schema_ids, schema_ids, new_owner))

struct ReviewQueueMessage {
  std::string queue_id;
  std::string experiment_id;
  std::string name;
  std::string queue_type;
  std::optional<std::string> created_by;
  std::int64_t creation_time_ms = 0;
  std::int64_t last_update_time_ms = 0;
  std::vector<std::string> users;
  std::vector<std::string> schema_ids;
};
BOOST_DESCRIBE_STRUCT(ReviewQueueMessage, (),
                      (queue_id, experiment_id, name, queue_type, created_by, creation_time_ms,
                       last_update_time_ms, users, schema_ids))

struct ReviewQueueAnswer {
  ReviewQueueMessage review_queue;
};
BOOST_DESCRIBE_STRUCT(ReviewQueueAnswer, (), (review_queue))

struct ReviewQueuePage {
  std::vector<ReviewQueueMessage> review_queues;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(ReviewQueuePage, (), (review_queues, next_page_token))

struct ReviewItemsIn {
  std::string queue_id;
  json::Raw item_type;
  std::vector<std::string> item_ids;
};
BOOST_DESCRIBE_STRUCT(ReviewItemsIn, (), (queue_id, item_type, item_ids))

struct ReviewItemStatus {
  std::string queue_id;
  std::string item_id;
  json::Raw status;
  std::optional<std::string> completed_by;
};
BOOST_DESCRIBE_STRUCT(ReviewItemStatus, (), (queue_id, item_id, status, completed_by))

struct ReviewItemMessage {
  std::string queue_id;
  std::string item_type = "TRACE";
  std::string item_id;
  std::string status;
  std::optional<std::string> completed_by;
  std::optional<std::int64_t> completed_time_ms;
  std::int64_t creation_time_ms = 0;
  std::int64_t last_update_time_ms = 0;
};
BOOST_DESCRIBE_STRUCT(ReviewItemMessage, (),
                      (queue_id, item_type, item_id, status, completed_by, completed_time_ms,
                       creation_time_ms, last_update_time_ms))

struct ReviewItemAnswer {
  ReviewItemMessage item;
};
BOOST_DESCRIBE_STRUCT(ReviewItemAnswer, (), (item))

struct ReviewItemPage {
  std::vector<ReviewItemMessage> items;
  std::optional<std::string> next_page_token;
};
BOOST_DESCRIBE_STRUCT(ReviewItemPage, (), (items, next_page_token))

}  // namespace slipway::wire::mlflow
