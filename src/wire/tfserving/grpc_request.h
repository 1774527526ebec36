// SPDX-License-Identifier: Apache-2.0
// Messages of PredictionService and ModelService, read from their bytes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/protobuf.h"
#include "base/result.h"
#include "model_spec.h"

namespace slipway::wire::tfserving {

Error malformed();

Result<ModelSpec> spec_of(ProtoReader message);

// A request of any of the calls that run a model.
struct Asked {
  ModelSpec spec;
  std::vector<std::pair<std::string, std::string_view>> tensors;  // of Predict
  std::vector<std::string> filter;
  std::string_view input;  // of Classify and Regress
};

// What is in it are views into `bytes`.
Result<Asked> read_asked(std::string_view bytes, bool predict);

}  // namespace slipway::wire::tfserving
