// SPDX-License-Identifier: Apache-2.0
// A tensor a column, as clients that think in tables send them, put side by side into one.
#pragma once

#include <vector>

#include "serving/frame.h"

namespace slipway::serving {

// More than one tensor, each named like one of the columns.
bool is_by_column(const Tensors& tensors, const FrameLayout& layout);
// [N] or [N,1] of numbers each; every column must be there.
Result<Tensor> side_by_side(const Tensors& tensors, const TensorSpec& spec,
                            const FrameLayout& layout);

}  // namespace slipway::serving
