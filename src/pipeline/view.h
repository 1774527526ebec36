// SPDX-License-Identifier: Apache-2.0
// What the records say of an execution, put in the order of its file and completed.
#pragma once

#include <vector>

#include "pipeline/execution.h"
#include "records.h"

namespace slipway::pipeline {

// With one entry at least for every step.
Result<void> add_steps(Records& records, Execution& execution);

// An execution whose process is gone is not running.
void see_interruption(Execution& execution);

// Bytes of a step's output.
Result<std::string> read_piece(const std::string& path, std::uint64_t offset, std::size_t limit);

}  // namespace slipway::pipeline
