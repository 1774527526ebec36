// SPDX-License-Identifier: Apache-2.0
// Weights & Biases' offline run folders as a source of a transfer.
#pragma once

#include <memory>
#include <string>

#include "transfer/transfer.h"

namespace slipway::drivers::wandb {

// Every *.wandb file below `folder` is a run; its project is the experiment.
Result<std::unique_ptr<transfer::Source>> open(const std::string& folder);

}  // namespace slipway::drivers::wandb
