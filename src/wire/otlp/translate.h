// SPDX-License-Identifier: Apache-2.0
// What the conventions of several makers say about a span, in MLflow's words, so that its UI and
// its client show inputs, outputs, tokens and models whoever has instrumented the program.
#pragma once

#include <vector>

#include "attributes.h"

namespace slipway::wire::otlp {

// Adds what is missing; what is there stays.
void translate(AttributeTexts& attributes, const std::vector<EventIn>& events);

}  // namespace slipway::wire::otlp
