// SPDX-License-Identifier: Apache-2.0
// Answers a checked operation: each field at the root is one REST call, of whose answer the fields
// that were asked for are kept.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "graphql/document.h"
#include "graphql/schema.h"

namespace slipway::wire::mlflow::graphql {

// Answers the call with the given input; an error that the call answered is an Error here.
using Fetch = std::function<Result<json::value>(const Root& root, const json::object& input)>;

struct Answer {
  json::value data;
  std::vector<std::string> errors;
};

Answer execute(const Document& document, const Operation& operation, const json::object& variables,
               const Fetch& fetch);

}  // namespace slipway::wire::mlflow::graphql
