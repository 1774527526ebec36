// SPDX-License-Identifier: Apache-2.0
// The records in which a history travels from one store to another, one JSON object a line.
//
// Times are milliseconds UTC, ids are those of the store that the history comes from. The format is
// described in docs/formats/transfer.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "transfer/record_extras.h"
#include "transfer/record_pairs.h"
#include "transfer/record_series.h"
#include "transfer/record_traces.h"

namespace slipway::transfer {

struct ExperimentRecord {
  std::string id;
  std::string name;
  std::int64_t created = 0;
  std::int64_t updated = 0;
  bool deleted = false;
  Pairs tags;
  std::string artifacts;  // where its files stay; empty: they come along
};
BOOST_DESCRIBE_STRUCT(ExperimentRecord, (), (id, name, created, updated, deleted, tags, artifacts))

struct InputRecord {
  std::string name;
  std::string digest;
  std::string source_type;
  std::string source;
  std::optional<std::string> schema;
  std::optional<std::string> profile;
  Pairs tags;
};
BOOST_DESCRIBE_STRUCT(InputRecord, (), (name, digest, source_type, source, schema, profile, tags))

struct OutputRecord {
  std::string model;
  std::int64_t step = 0;
};
BOOST_DESCRIBE_STRUCT(OutputRecord, (), (model, step))

struct RunRecord {
  std::string id;
  std::string experiment;
  std::string name;
  std::string user;
  std::string status;  // "finished", see tracking::name_of
  std::int64_t started = 0;
  std::optional<std::int64_t> ended;
  bool deleted = false;
  std::optional<std::int64_t> deleted_at;
  Pairs params;
  Pairs tags;
  std::vector<InputRecord> inputs;
  std::vector<std::string> model_inputs;
  std::vector<OutputRecord> model_outputs;
  std::string artifacts;
};
BOOST_DESCRIBE_STRUCT(RunRecord, (),
                      (id, experiment, name, user, status, started, ended, deleted, deleted_at,
                       params, tags, inputs, model_inputs, model_outputs, artifacts))

// Observations of one metric of one run, by column; the three lists are equally long.
struct PointsRecord {
  std::string run;
  std::string key;
  std::vector<double> values;  // NaN and the infinities as "NaN", "Infinity", "-Infinity"
  std::vector<std::int64_t> times;
  std::vector<std::int64_t> steps;
  std::vector<std::int64_t> parts;  // billionths above the steps; empty: all steps are whole
};
BOOST_DESCRIBE_STRUCT(PointsRecord, (), (run, key, values, times, steps, parts))

struct MeasuredRecord {
  std::string key;
  double value = 0;
  std::int64_t time = 0;
  std::int64_t step = 0;
  std::string run;
  std::string dataset_name;
  std::string dataset_digest;
};
BOOST_DESCRIBE_STRUCT(MeasuredRecord, (),
                      (key, value, time, step, run, dataset_name, dataset_digest))

struct LoggedModelRecord {
  std::string id;
  std::string experiment;
  std::string name;
  std::string type;
  std::string status;  // "ready", "pending", "upload_failed", ""
  std::string source_run;
  std::int64_t created = 0;
  std::int64_t updated = 0;
  bool deleted = false;
  Pairs params;
  Pairs tags;
  std::vector<MeasuredRecord> metrics;
  std::string artifacts;
};
BOOST_DESCRIBE_STRUCT(LoggedModelRecord, (),
                      (id, experiment, name, type, status, source_run, created, updated, deleted,
                       params, tags, metrics, artifacts))

struct ModelRecord {
  std::string name;
  std::string description;
  std::int64_t created = 0;
  std::int64_t updated = 0;
  std::int64_t last_version = 0;  // the greatest number ever given
  Pairs tags;
};
BOOST_DESCRIBE_STRUCT(ModelRecord, (), (name, description, created, updated, last_version, tags))

struct VersionRecord {
  std::string model;
  std::int64_t version = 0;
  std::int64_t created = 0;
  std::int64_t updated = 0;
  std::optional<std::string> description;
  std::string stage;
  std::string source;
  // Where the files are: below those of a run or a logged model ("run", "model"), or, when both are
  // empty, at `location` as it is.
  std::string files_run;
  std::string files_model;
  std::string location;
  std::string run_id;
  std::string run_link;
  std::string logged_model_id;
  std::string user;
  Pairs tags;
  std::vector<std::string> aliases;
};
BOOST_DESCRIBE_STRUCT(VersionRecord, (),
                      (model, version, created, updated, description, stage, source, files_run,
                       files_model, location, run_id, run_link, logged_model_id, user, tags,
                       aliases))

// "This came from there in this state": what a second transfer need not send again.
struct MarkRecord {
  std::string kind;  // "run", "file", ..
  std::string id;
  std::string mark;
};
BOOST_DESCRIBE_STRUCT(MarkRecord, (), (kind, id, mark))

// Exactly one of them is filled.
struct Record {
  std::optional<ExperimentRecord> experiment;
  std::optional<RunRecord> run;
  std::optional<PointsRecord> points;
  std::optional<SeriesRecord> series;
  std::optional<ConsoleRecord> console;
  std::optional<LoggedModelRecord> logged_model;
  std::optional<TraceRecord> trace;
  std::optional<DatasetRecord> dataset;
  std::optional<ExampleRecord> example;
  std::optional<ModelRecord> model;
  std::optional<VersionRecord> version;
  std::optional<QuestionRecord> question;
  std::optional<QueueRecord> queue;
  std::optional<ScorerRecord> scorer;
  std::optional<IssueRecord> issue;
  std::optional<ToolServerRecord> tool_server;
  std::optional<WebhookRecord> webhook;
  std::optional<MarkRecord> mark;
};
BOOST_DESCRIBE_STRUCT(Record, (),
                      (experiment, run, points, series, console, logged_model, trace, dataset,
                       example, model, version, question, queue, scorer, issue, tool_server,
                       webhook, mark))

}  // namespace slipway::transfer
