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

struct Foreach {
  std::vector<Value> items;  // when the file lists them
  std::string from;          // else "@path.json" or one {{ reference }}
};

// A file of rows against a suite of expectations: both are paths, relative to the pipeline's
// folder.
struct CheckSpec {
  std::string data;
  std::string suite;
};

using EnvList = std::vector<std::pair<std::string, std::string>>;

struct Step {
  std::string name;
  int line = 0;
  std::string run;  // or gate, or check
  std::optional<GateSpec> gate;
  std::optional<CheckSpec> check;
  std::vector<std::string> needs;  // as written, and the makers of its inputs
  std::optional<Foreach> foreach;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  bool cache = false;
  int retries = 0;
  double backoff_s = 1;
  double timeout_s = 0;  // 0: none
  Resources resources;
  EnvList env;
  std::vector<std::string> secrets;
};

struct Triggers {
  std::string drift_endpoint;
  std::string data_path;
  std::string push_branch;
};

struct Definition {
  std::string name;
  Params params;
  std::string schedule;  // cron, empty: none
  std::string timezone = "UTC";
  Triggers on;
  EnvList env;
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

}  // namespace slipway::pipeline
