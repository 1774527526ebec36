// SPDX-License-Identifier: Apache-2.0
// From what the file says of a step to what one attempt of it does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cache.h"
#include "pipeline/executor.h"
#include "pipeline/expression.h"
#include "pipeline/gate_runner.h"
#include "run.h"

namespace slipway::pipeline {

struct ItemRef {
  const Step* step = nullptr;
  std::int64_t item = -1;        // -1: no foreach
  const Value* value = nullptr;  // of the foreach
  std::int64_t outer_item = -1;
  const Value* outer = nullptr;  // of the step whose elements it goes through
  const Outcomes* outcomes = nullptr;
};

// The same for all attempts of an item.
struct Resolved {
  std::string command;  // of a step with `run`
  GateRequest gate;
  CheckRequest check;
  std::string message;             // of an approval
  std::string pipeline;            // path of a sub-pipeline's file
  std::vector<std::string> words;  // KEY=VALUE for it
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  EnvList artifacts;  // name, path
  EnvList env;        // what the file says, rendered
};

Scope scope_of(const RunSetup& setup, const ItemRef& at);
Result<Resolved> resolve(const RunSetup& setup, const ItemRef& at);

// The elements that `foreach.from` leads to.
Result<std::vector<Value>> expand(const RunSetup& setup, const ItemRef& at);

// Where a step may write its result.
std::string result_path(const RunSetup& setup, const ItemRef& at, int attempt);
// What it wrote there, as JSON; nothing when it wrote none. The file is gone afterwards.
Result<std::optional<std::string>> take_result(const std::string& path);

Task task_of(const RunSetup& setup, const ItemRef& at, const Resolved& resolved, int attempt);
std::string task_id(const RunSetup& setup, const ItemRef& at, int attempt);

// The values of the step's secrets, for masking.
std::vector<std::string> secrets_of(const RunSetup& setup, const Step& step);

// An error names the input that is not there.
Result<void> check_inputs(const RunSetup& setup, const Resolved& resolved);
Result<void> check_outputs(const RunSetup& setup, const Resolved& resolved);
Result<std::string> cache_key_of(const RunSetup& setup, const ItemRef& at, const Resolved& resolved,
                                 ContentHashes& hashes);

}  // namespace slipway::pipeline
