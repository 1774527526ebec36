// SPDX-License-Identifier: Apache-2.0
// What a pipeline.yaml says: parameters, steps and their order, schedule, triggers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "pipeline/condition.h"
#include "pipeline/value.h"

namespace slipway::pipeline {

struct Resources {
  double cpu = 0;                  // cores; 0: not stated
  std::uint64_t memory_bytes = 0;  // 0: not stated
  int gpu = 0;
};

// Texts may hold {{ .. }}.
struct GateSpec {
  std::string policy;  // a path, relative to the pipeline's folder
  std::string model;
  std::string version;   // empty: the newest
  std::string endpoint;  // empty: none
};

// One of: a list in the file, what `from` leads to, the combinations of a matrix. With `each` all
// that once for every element of that step.
struct Foreach {
  std::vector<Value> items;  // when the file lists them
  std::string from;          // else "@path.json" or one {{ reference }}
  std::string each;          // a step with elements of its own: {{ outer }} in `from`
  std::size_t at_once = 0;   // elements that may run at the same time; 0: no limit of its own
};

// A file of rows against a suite of expectations: both are paths, relative to the pipeline's
// folder.
struct CheckSpec {
  std::string data;
  std::string suite;
};

using EnvList = std::vector<std::pair<std::string, std::string>>;

// Waits until a person says yes or no.
struct ApprovalSpec {
  std::string message;
  std::vector<std::string> by;  // who may answer; empty: everybody who may run pipelines
};

// Another pipeline, to its end.
struct SubPipeline {
  std::string file;  // relative to the pipeline's folder
  EnvList params;
};

struct RetryRule {
  int times = 0;
  double first_s = 1;
  double factor = 2;
  double most_s = 3600;
  double jitter = 0.25;     // up to this part of the pause is added
  std::vector<int> on;      // exit codes that are tried again; empty: all
  std::vector<int> not_on;  // exit codes that are not
};

// When a step runs, seen from how its needs ended.
enum class RunsWhen { needs_are_good, always, a_need_failed, condition };

struct Step {
  std::string name;
  int line = 0;
  std::string run;  // or one of the following
  std::optional<GateSpec> gate;
  std::optional<CheckSpec> check;
  std::optional<ApprovalSpec> approval;
  std::optional<SubPipeline> pipeline;
  std::vector<std::string> needs;  // as written, and the makers of what it refers to
  RunsWhen when = RunsWhen::needs_are_good;
  Condition condition;
  std::optional<Foreach> foreach;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  EnvList artifacts;  // name, path: kept by content for later steps
  bool cache = false;
  bool may_fail = false;
  RetryRule retry;
  double timeout_s = 0;  // 0: none
  Resources resources;
  int priority = 0;
  std::string pool;
  int slots = 1;  // of the pool
  EnvList env;
  std::vector<std::string> secrets;

  bool is_command() const { return !gate && !check && !approval && !pipeline; }
};

// What a value of a parameter must be, beside the type of its default.
struct ParamRule {
  bool required = false;
  std::vector<Value> choices;
  std::optional<double> least;
  std::optional<double> most;
  std::string description;
};

struct Triggers {
  std::string drift_endpoint;
  std::string data_path;
  std::string push_branch;
  std::string after_pipeline;
  std::string after_status;  // succeeded, failed, any
};

enum class CatchUp { none, last, all };
enum class Concurrency {
  automatic,  // executions of schedules and triggers one after the other, others beside them
  allow,
  forbid,
  queue,
  replace
};

struct Definition {
  std::string name;
  Params params;
  std::map<std::string, ParamRule> rules;  // of parameters that have one
  std::string schedule;                    // cron, empty: none
  std::string timezone = "UTC";
  CatchUp catch_up = CatchUp::last;
  Concurrency concurrency = Concurrency::automatic;
  int priority = 0;  // among waiting executions
  Triggers on;
  EnvList env;
  std::map<std::string, int> pools;
  std::vector<Step> steps;

  const Step* find(std::string_view step) const;
};

// `file` names it in messages: "pipeline.yaml:12: unknown key 'timout' in step 'train'". Every
// mistake that can be seen without running is found here: unknown keys and references, cycles (by
// name), wrong types, an impossible schedule.
Result<Definition> parse_definition(std::string_view yaml, const std::string& file);

// The definition's parameters with `given` put over them. Unknown names and wrong types are
// invalid_argument.
Result<Params> with_params(const Params& declared, const Params& given);
// From KEY=VALUE words.
Result<Params> params_from_words(const Params& declared, const std::vector<std::string>& words);
// Required, choices, bounds.
Result<void> check_params(const Definition& definition, const Params& params);

}  // namespace slipway::pipeline
