// SPDX-License-Identifier: Apache-2.0
// Pipelines and executions as JSON.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "json/json.h"

namespace slipway::wire::api {

struct PutPipeline {
  std::string name;
  std::string yaml;
  std::string folder;
  std::string file;
};
BOOST_DESCRIBE_STRUCT(PutPipeline, (), (name, yaml, folder, file))

struct PipelineView {
  std::string name;
  std::string folder;
  std::string file;
  std::string yaml;
  json::Nullable<std::string> schedule;
  std::string timezone;
  json::Nullable<std::string> drift_endpoint;
  json::Nullable<std::string> data_path;
  json::Nullable<std::string> push_branch;
  json::Nullable<std::string> after_pipeline;
  json::Nullable<std::string> next;  // when the schedule fires
  std::string created;
  std::string updated;
};
BOOST_DESCRIBE_STRUCT(PipelineView, (),
                      (name, folder, file, yaml, schedule, timezone, drift_endpoint, data_path,
                       push_branch, after_pipeline, next, created, updated))

struct PipelineList {
  std::vector<PipelineView> items;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(PipelineList, (), (items, next_page_token))

struct StartExecution {
  std::string pipeline;  // a registered name, or the path of a file on the server
  std::string path;      // the same
  json::Raw params{"{}"};
};
BOOST_DESCRIBE_STRUCT(StartExecution, (), (pipeline, path, params))

struct StepView {
  std::string name;
  json::Nullable<std::int64_t> index;
  std::string status;
  int attempts = 0;
  json::Nullable<std::string> started;
  json::Nullable<std::string> ended;
  json::Nullable<int> exit_code;
  json::Nullable<std::string> error;
  double cpu_seconds = 0;
  std::uint64_t max_rss_bytes = 0;
  std::vector<std::string> needs;
};
BOOST_DESCRIBE_STRUCT(StepView, (),
                      (name, index, status, attempts, started, ended, exit_code, error, cpu_seconds,
                       max_rss_bytes, needs))

struct ResumeExecution {
  std::string from;  // a step: it and all that come after it run again
};
BOOST_DESCRIBE_STRUCT(ResumeExecution, (), (from))

// An answer to a step that asks.
struct PutDecision {
  std::string step;
  json::Nullable<std::int64_t> index;
  bool approved = false;
  std::string comment;
};
BOOST_DESCRIBE_STRUCT(PutDecision, (), (step, index, approved, comment))

struct BackFill {
  std::string from;  // RFC 3339, or a day
  std::string to;
  json::Raw params{"{}"};
};
BOOST_DESCRIBE_STRUCT(BackFill, (), (from, to, params))

struct TriggerView {
  std::string kind;
  std::string id;
  std::string detail;  // what changed
};
BOOST_DESCRIBE_STRUCT(TriggerView, (), (kind, id, detail))

struct ExecutionView {
  std::string id;
  std::string run_id;  // the same, as `slipway run` calls it
  std::string pipeline;
  std::string status;
  json::Nullable<std::string> error;
  TriggerView trigger;
  json::Raw params;
  std::string created;
  json::Nullable<std::string> started;
  json::Nullable<std::string> ended;
  json::Nullable<std::string> scheduled;  // the time it is for
  json::Nullable<std::string> parent;     // the execution that it is a step of
  int priority = 0;
  std::vector<StepView> steps;
};
BOOST_DESCRIBE_STRUCT(ExecutionView, (),
                      (id, run_id, pipeline, status, error, trigger, params, created, started,
                       ended, scheduled, parent, priority, steps))

struct ExecutionList {
  std::vector<ExecutionView> items;
  std::string next_page_token;
};
BOOST_DESCRIBE_STRUCT(ExecutionList, (), (items, next_page_token))

}  // namespace slipway::wire::api
