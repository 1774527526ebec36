// SPDX-License-Identifier: Apache-2.0
// TensorBoard's event files as a source of a transfer: each folder that holds some is a run.
#pragma once

#include <memory>
#include <string>

#include "transfer/transfer.h"

namespace slipway::drivers::tensorboard {

// `experiment`: the name of the experiment that the runs belong to; empty: that of the folder.
Result<std::unique_ptr<transfer::Source>> open(const std::string& folder,
                                               const std::string& experiment);

}  // namespace slipway::drivers::tensorboard
