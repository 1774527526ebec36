// SPDX-License-Identifier: Apache-2.0
// Bodies of :predict, row by row or column by column, and their answers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "serving/backend.h"

namespace slipway::wire::tfserving {

struct PredictBody {
  std::string signature;
  bool by_row = true;  // "instances" were given; else "inputs"
  serving::Tensors inputs;
};

// Never allocates more than a small multiple of the body.
Result<PredictBody> parse_predict(std::string_view body, const serving::Signature& signature);

// {"predictions": ..} or {"outputs": ..}
Result<std::string> write_predictions(const serving::Tensors& outputs, bool by_row);

// A tensor whose shape differs from the signature's in axes of one element is given that shape.
serving::Tensor fitted(serving::Tensor tensor, const serving::TensorSpec& spec);

}  // namespace slipway::wire::tfserving
