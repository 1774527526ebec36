// SPDX-License-Identifier: Apache-2.0
// Answers of a converted graph beside those of the model that it stands for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "serving/backend.h"

namespace slipway::app {

// The largest difference, relative above 1; infinite when the two are not alike at all: another
// shape, another kind of values, other texts or whole numbers, NaN where there was none.
double difference(const serving::Tensor& a, const serving::Tensor& b);

// A graph answers labels and scores under names of its own; the model answers the first of them, as
// a tensor of this type with so many axes.
std::unique_ptr<serving::LoadedModel> as_the_model_answers(
    std::unique_ptr<serving::LoadedModel> graph, const std::string& type, std::int64_t axes);

}  // namespace slipway::app
