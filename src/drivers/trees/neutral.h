// SPDX-License-Identifier: Apache-2.0
// Our own file of trees, which the Python worker writes for models that are pickles
// (docs/formats/trees.md).
#pragma once

#include "document.h"
#include "model.h"

namespace slipway::drivers::trees {

Result<Model<double>> read_neutral(const Document& file);

}  // namespace slipway::drivers::trees
