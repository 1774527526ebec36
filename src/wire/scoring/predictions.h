// SPDX-License-Identifier: Apache-2.0
// {"predictions": ..} as MLflow's own scoring server writes it for an ONNX model.
#pragma once

#include <string>
#include <vector>

#include "serving/tensor.h"

namespace slipway::wire::scoring {

// `table`: [{output: value, ..} a row]; otherwise {output: array, ..}.
std::string write_predictions(const serving::Tensors& outputs, bool table);
// The values of one tensor, and nothing about it: {"predictions": [..]}.
std::string write_values(const serving::Tensor& output);

}  // namespace slipway::wire::scoring
