// SPDX-License-Identifier: Apache-2.0
// Whether a document asks only for what there is, and not for too much of it.
#pragma once

#include <string>
#include <vector>

#include "graphql/document.h"

namespace slipway::wire::mlflow::graphql {

// What is wrong with it; empty when nothing is. A document that passes has no cycles.
std::vector<std::string> problems_of(const Document& document);

}  // namespace slipway::wire::mlflow::graphql
