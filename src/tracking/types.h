// SPDX-License-Identifier: Apache-2.0
// What the tracking room keeps: experiments, runs, what runs report, and the models they log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "domain/filter.h"
#include "domain/types.h"
#include "tracking/step.h"

namespace slipway::tracking {

using ExperimentId = Id<struct ExperimentIdTag>;    // a number, counted up from "0"
using RunId = Id<struct RunIdTag>;                  // 32 hex characters
using LoggedModelId = Id<struct LoggedModelIdTag>;  // "m-" and 32 hex characters

enum class Lifecycle { active, deleted };
enum class View { active, deleted, all };

struct Experiment {
  ExperimentId id;
  std::string name;
  // Where its runs' files live: a folder in our own store ("0"), or a foreign URI ("s3://..").
  std::string artifact_root;
  Lifecycle lifecycle = Lifecycle::active;
  Timestamp created;
  Timestamp updated;
  std::vector<Tag> tags;
};

enum class RunStatus { scheduled, running, finished, failed, killed };
std::string_view name_of(RunStatus status);  // "running"

// One observation of a named quantity. A run keeps every one of them; the very same observation
// reported twice is kept once.
struct Metric {
  std::string key;
  double value = 0;  // NaN and the infinities are legal and survive a round trip
  Timestamp at;
  Step step;
  // What was measured, when that is known: a logged model, on a dataset.
  std::string model;
  std::string dataset_name;
  std::string dataset_digest;
};

// One observation of a history, whose run and key are known.
struct Point {
  double value = 0;
  Timestamp at;
  Step step;
};

struct Param {
  std::string key;
  std::string value;
};

// A body of data that a run read. Name and digest identify it within an experiment.
struct Dataset {
  std::string name;
  std::string digest;
  std::string source_type;
  std::string source;
  std::optional<std::string> schema;   // JSON text as the client gave it
  std::optional<std::string> profile;  // likewise
};

// The input's tag that says what the data was for ("training"); clients set it, searches ask for
// it.
inline constexpr const char* kContextTag = "mlflow.data.context";

struct DatasetInput {
  Dataset dataset;
  std::vector<Tag> tags;
};

struct ModelOutput {
  LoggedModelId model;
  std::int64_t step = 0;
};

struct Run {
  RunId id;
  ExperimentId experiment;
  std::string name;
  std::string user;
  RunStatus status = RunStatus::running;
  Timestamp started;
  std::optional<Timestamp> ended;
  std::string artifact_root;  // like Experiment::artifact_root
  Lifecycle lifecycle = Lifecycle::active;

  std::vector<Metric> metrics;  // the latest observation of each key
  std::vector<Param> params;
  std::vector<Tag> tags;
  std::vector<DatasetInput> datasets;
  std::vector<LoggedModelId> model_inputs;
  std::vector<ModelOutput> model_outputs;
};

struct NewRun {
  ExperimentId experiment;
  std::string name;  // empty: one is made up
  std::string user;
  std::optional<Timestamp> started;  // nothing: now
  std::vector<Tag> tags;
};

struct RunChange {
  std::optional<RunStatus> status;
  std::optional<Timestamp> ended;
  std::optional<std::string> name;
};

// What a client reports in one call. All of it is stored, or none of it.
struct Batch {
  std::vector<Metric> metrics;
  std::vector<Param> params;
  std::vector<Tag> tags;            // the last one wins
  std::optional<std::string> name;  // a new name for the run
};

struct DatasetSummary {
  ExperimentId experiment;
  std::string name;
  std::string digest;
  std::optional<std::string> context;
};

enum class ModelStatus { unspecified, pending, ready, upload_failed };

// A model as a run wrote it, before anybody publishes it under a name (see the registry).
struct LoggedModel {
  LoggedModelId id;
  ExperimentId experiment;
  std::string name;
  std::string type;
  ModelStatus status = ModelStatus::pending;
  std::optional<RunId> source_run;
  std::string artifact_root;
  Timestamp created;
  Timestamp updated;
  std::vector<Param> params;
  std::vector<Tag> tags;
  struct Measured {
    Metric metric;
    RunId run;
  };
  std::vector<Measured> metrics;
};

struct NewLoggedModel {
  ExperimentId experiment;
  std::string name;  // empty: one is made up
  std::string type;
  std::optional<RunId> source_run;
  std::vector<Param> params;
  std::vector<Tag> tags;
};

// An order may ask for a metric as measured on one dataset (logged models only).
struct SearchOrder : OrderBy {
  std::string dataset_name;
  std::string dataset_digest;
};

// Names of what runs report.
struct RunKeys {
  std::vector<std::string> metrics;
  std::vector<std::string> params;
};

// Which keys of a run come along with it; nothing: all of them.
struct WantedKeys {
  std::optional<std::vector<std::string>> metrics;
  std::optional<std::vector<std::string>> params;
  std::optional<std::vector<std::string>> tags;
};

struct Search {
  std::vector<ExperimentId> experiments;  // ignored when searching experiments
  View view = View::active;
  Filter filter;  // an empty all_of holds for everything
  std::vector<SearchOrder> order;
  PageRequest page;
  // Logged models: only those measured on one of these (an empty digest is any).
  std::vector<Dataset> datasets;
  WantedKeys keys;  // runs only
};

}  // namespace slipway::tracking
