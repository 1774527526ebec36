// SPDX-License-Identifier: Apache-2.0
// Records of LLM and agent work on its way: traces with their spans, and datasets of examples. Part
// of record.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "transfer/record_pairs.h"

namespace slipway::transfer {

struct UsageRecord {
  std::optional<std::int64_t> input;
  std::optional<std::int64_t> output;
  std::optional<std::int64_t> total;
  std::optional<std::int64_t> cache_read;
  std::optional<std::int64_t> cache_write;
  std::optional<std::int64_t> cache_write_1h;
};
BOOST_DESCRIBE_STRUCT(UsageRecord, (),
                      (input, output, total, cache_read, cache_write, cache_write_1h))

struct CostRecord {
  std::optional<double> input;
  std::optional<double> output;
  std::optional<double> total;
};
BOOST_DESCRIBE_STRUCT(CostRecord, (), (input, output, total))

struct SpanRecord {
  std::string id;      // 16 hex digits
  std::string parent;  // likewise; empty for a root
  std::string name;
  std::optional<std::string> type;
  std::string status;  // "UNSET", "OK", "ERROR"
  std::int64_t started_ns = 0;
  std::optional<std::int64_t> ended_ns;
  std::optional<UsageRecord> usage;
  std::optional<CostRecord> cost;
  std::optional<std::string> model;
  std::optional<std::string> provider;
  std::string body;  // docs/formats/spans.md
};
BOOST_DESCRIBE_STRUCT(SpanRecord, (),
                      (id, parent, name, type, status, started_ns, ended_ns, usage, cost, model,
                       provider, body))

struct AssessmentRecord {
  std::string id;
  std::string kind;  // "feedback", "expectation", "issue"
  std::string name;
  std::string value;  // JSON
  std::optional<std::string> error;
  std::string source_kind;
  std::optional<std::string> source;
  std::optional<std::string> run;
  std::optional<std::string> span;
  std::optional<std::string> rationale;
  std::optional<std::string> overrides;
  bool valid = true;
  std::optional<std::string> metadata;  // JSON
  std::int64_t created = 0;
  std::int64_t updated = 0;
};
BOOST_DESCRIBE_STRUCT(AssessmentRecord, (),
                      (id, kind, name, value, error, source_kind, source, run, span, rationale,
                       overrides, valid, metadata, created, updated))

struct TraceRecord {
  std::string id;
  std::string experiment;
  std::int64_t requested = 0;
  std::optional<std::int64_t> duration;  // milliseconds
  std::string state;                     // "OK", "ERROR", "IN_PROGRESS", ""
  bool told = false;                     // its client has reported the whole of it
  std::optional<std::string> name;
  std::optional<std::string> session;
  std::optional<std::string> client_id;
  std::optional<std::string> request;
  std::optional<std::string> response;
  UsageRecord usage;
  CostRecord cost;
  Pairs tags;
  Pairs metadata;
  std::vector<AssessmentRecord> assessments;
  std::vector<SpanRecord> spans;
  std::vector<std::string> runs;  // that it is linked to
};
BOOST_DESCRIBE_STRUCT(TraceRecord, (),
                      (id, experiment, requested, duration, state, told, name, session, client_id,
                       request, response, usage, cost, tags, metadata, assessments, spans, runs))

// A dataset of examples; `experiments` are those of the store that it comes from.
struct DatasetRecord {
  std::string id;
  std::string name;
  std::string digest;
  std::optional<std::string> schema;
  std::optional<std::string> profile;
  std::int64_t created = 0;
  std::int64_t updated = 0;
  std::optional<std::string> created_by;
  std::optional<std::string> updated_by;
  Pairs tags;
  std::vector<std::string> experiments;
};
BOOST_DESCRIBE_STRUCT(DatasetRecord, (),
                      (id, name, digest, schema, profile, created, updated, created_by, updated_by,
                       tags, experiments))

// One example of a dataset; the texts are JSON.
struct ExampleRecord {
  std::string id;
  std::string dataset;
  std::string inputs;
  std::optional<std::string> outputs;
  std::optional<std::string> expectations;
  std::string tags;
  std::optional<std::string> source;
  std::int64_t created = 0;
  std::int64_t updated = 0;
  std::optional<std::string> created_by;
  std::optional<std::string> updated_by;
};
BOOST_DESCRIBE_STRUCT(ExampleRecord, (),
                      (id, dataset, inputs, outputs, expectations, tags, source, created, updated,
                       created_by, updated_by))

}  // namespace slipway::transfer
