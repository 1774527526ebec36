// SPDX-License-Identifier: Apache-2.0
// Examples of named features, as :classify and :regress and their gRPC calls take them, and what
// they answer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "serving/backend.h"
#include "serving/frame.h"

namespace slipway::wire::tfserving {

struct Examples {
  std::string signature;
  serving::Tensors inputs;
};

// {"examples": [{feature: value}, ..], "context": {feature: value}}
Result<Examples> parse_examples(std::string_view body, const serving::FrameLayout& layout);
// The message tensorflow.serving.Input.
Result<serving::Tensors> parse_input(std::string_view message, const serving::FrameLayout& layout);

struct Class {
  std::string label;
  double score = 0;
};
// Row by row. An output of scores is needed; labels come with it, or from an output of labels.
Result<std::vector<std::vector<Class>>> classes_of(const serving::Tensors& outputs);
// One number a row, from the first output that has it.
Result<std::vector<double>> values_of(const serving::Tensors& outputs);

}  // namespace slipway::wire::tfserving
