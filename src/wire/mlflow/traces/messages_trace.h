// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "messages.h"

namespace slipway::wire::mlflow {

using TextMap = std::map<std::string, std::string>;

struct TraceExperiment {
  std::string experiment_id;
};
BOOST_DESCRIBE_STRUCT(TraceExperiment, (), (experiment_id))

struct TraceLocation {
  json::Raw type;
  std::optional<TraceExperiment> mlflow_experiment;
};
BOOST_DESCRIBE_STRUCT(TraceLocation, (), (type, mlflow_experiment))

struct AssessmentSourceMessage {
  json::Raw source_type;
  std::optional<std::string> source_id;
};
BOOST_DESCRIBE_STRUCT(AssessmentSourceMessage, (), (source_type, source_id))

struct AssessmentErrorMessage {
  std::string error_code;
  std::optional<std::string> error_message;
  std::optional<std::string> stack_trace;
};
BOOST_DESCRIBE_STRUCT(AssessmentErrorMessage, (), (error_code, error_message, stack_trace))

struct SerializedValue {
  std::string serialization_format;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(SerializedValue, (), (serialization_format, value))

struct FeedbackMessage {
  std::optional<json::Raw> value;
  std::optional<AssessmentErrorMessage> error;
};
BOOST_DESCRIBE_STRUCT(FeedbackMessage, (), (value, error))

struct ExpectationMessage {
  std::optional<json::Raw> value;
  std::optional<SerializedValue> serialized_value;
};
BOOST_DESCRIBE_STRUCT(ExpectationMessage, (), (value, serialized_value))

struct IssueMessage {
  std::string issue_name;
};
BOOST_DESCRIBE_STRUCT(IssueMessage, (), (issue_name))

struct AssessmentMessage {
  std::optional<std::string> assessment_id;
  std::string assessment_name;
  std::string trace_id;
  std::optional<std::string> span_id;
  std::optional<AssessmentSourceMessage> source;
  std::optional<std::string> create_time;
  std::optional<std::string> last_update_time;
  std::optional<FeedbackMessage> feedback;
  std::optional<ExpectationMessage> expectation;
  std::optional<IssueMessage> issue;
  std::optional<std::string> rationale;
  std::optional<TextMap> metadata;
  std::optional<std::string> overrides;
  std::optional<bool> valid;
};
BOOST_DESCRIBE_STRUCT(AssessmentMessage, (),
                      (assessment_id, assessment_name, trace_id, span_id, source, create_time,
                       last_update_time, feedback, expectation, issue, rationale, metadata,
                       overrides, valid))

struct TraceInfoMessage {
  std::string trace_id;
  std::optional<std::string> client_request_id;
  std::optional<TraceLocation> trace_location;
  std::optional<std::string> request_preview;
  std::optional<std::string> response_preview;
  std::optional<std::string> request_time;
  std::optional<std::string> execution_duration;
  json::Raw state;
  std::optional<TextMap> trace_metadata;
  std::optional<TextMap> tags;
  std::vector<AssessmentMessage> assessments;
};
BOOST_DESCRIBE_STRUCT(TraceInfoMessage, (),
                      (trace_id, client_request_id, trace_location, request_preview,
                       response_preview, request_time, execution_duration, state, trace_metadata,
                       tags, assessments))

struct TraceMessage {
  std::optional<TraceInfoMessage> trace_info;
  std::vector<json::Raw> spans;
};
BOOST_DESCRIBE_STRUCT(TraceMessage, (), (trace_info, spans))

struct StartTraceV3 {
  std::optional<TraceMessage> trace;
};
BOOST_DESCRIBE_STRUCT(StartTraceV3, (), (trace))

struct TraceAnswer {
  TraceMessage trace;
};
BOOST_DESCRIBE_STRUCT(TraceAnswer, (), (trace))

struct GetTrace {
  std::string trace_id;
  bool allow_partial = false;
};
BOOST_DESCRIBE_STRUCT(GetTrace, (), (trace_id, allow_partial))

struct BatchGetTraces {
  std::optional<std::vector<std::string>> trace_ids;
  std::optional<std::vector<std::string>> experiment_ids;
};
BOOST_DESCRIBE_STRUCT(BatchGetTraces, (), (trace_ids, experiment_ids))

struct TraceList {
  std::vector<TraceMessage> traces;
};
BOOST_DESCRIBE_STRUCT(TraceList, (), (traces))

struct TraceInfoList {
  std::vector<TraceInfoMessage> trace_infos;
};
BOOST_DESCRIBE_STRUCT(TraceInfoList, (), (trace_infos))

struct SearchTracesV3 {
  std::optional<std::vector<TraceLocation>> locations;
  std::string filter;
  std::optional<std::int64_t> max_results;
  std::vector<std::string> order_by;
  std::string page_token;
};
BOOST_DESCRIBE_STRUCT(SearchTracesV3, (), (locations, filter, max_results, order_by, page_token))

struct FoundTraces {
  std::vector<TraceInfoMessage> traces;
  std::optional<std::string> next_page_token;
};
BOOST_DESCRIBE_STRUCT(FoundTraces, (), (traces, next_page_token))

struct DeleteTraces {
  std::string experiment_id;
  std::optional<std::int64_t> max_timestamp_millis;
  std::optional<std::int64_t> max_traces;
  std::vector<std::string> request_ids;
};
BOOST_DESCRIBE_STRUCT(DeleteTraces, (),
                      (experiment_id, max_timestamp_millis, max_traces, request_ids))

struct DeletedTraces {
  std::int64_t traces_deleted = 0;
};
BOOST_DESCRIBE_STRUCT(DeletedTraces, (), (traces_deleted))

struct TraceTag {
  std::string key;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(TraceTag, (), (key, value))

struct LinkTracesToRun {
  std::optional<std::vector<std::string>> trace_ids;
  std::string run_id;
};
BOOST_DESCRIBE_STRUCT(LinkTracesToRun, (), (trace_ids, run_id))

struct PromptVersionRef {
  std::string name;
  std::string version;
};
BOOST_DESCRIBE_STRUCT(PromptVersionRef, (), (name, version))

struct LinkPromptsToTrace {
  std::string trace_id;
  std::vector<PromptVersionRef> prompt_versions;
};
BOOST_DESCRIBE_STRUCT(LinkPromptsToTrace, (), (trace_id, prompt_versions))

struct FilterCorrelation {
  std::vector<std::string> experiment_ids;
  std::string filter_string1;
  std::string filter_string2;
  std::string base_filter;
};
BOOST_DESCRIBE_STRUCT(FilterCorrelation, (),
                      (experiment_ids, filter_string1, filter_string2, base_filter))

}  // namespace slipway::wire::mlflow
