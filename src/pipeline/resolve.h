// SPDX-License-Identifier: Apache-2.0
// From what the file says of a step to what one attempt of it does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cache.h"
#include "pipeline/executor.h"
#include "pipeline/gate_runner.h"
#include "run.h"

namespace slipway::pipeline {

struct ItemRef {
  const Step* step = nullptr;
  std::int64_t item = -1;        // -1: no foreach
  const Value* value = nullptr;  // of the foreach
};

// The same for all attempts of an item.
struct Resolved {
  std::string command;  // empty for a gate and a check
  GateRequest gate;
  CheckRequest check;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  EnvList env;  // what the file says, rendered
};

Result<Resolved> resolve(const RunSetup& setup, const ItemRef& at);

// The elements of a foreach that is not a list in the file.
Result<std::vector<Value>> expand(const RunSetup& setup, const Step& step);

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
