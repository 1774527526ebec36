// SPDX-License-Identifier: Apache-2.0
// What registered models and model versions share on this wire.
#pragma once

#include <string>
#include <string_view>

#include "net/http.h"
#include "registry/messages_registry.h"
#include "registry/types.h"

namespace slipway::wire::mlflow {

ModelVersion to_wire(const registry::Version& version);
RegisteredModel to_wire(const registry::Model& model);

// The first that is empty is an error.
struct Required {
  std::string_view field;
  const std::string& value;
};
Result<void> require(std::initializer_list<Required> fields);

// "version" must be an integer.
Result<registry::VersionRef> ref_of(const std::string& name, const std::string& version);

// Who sent it: the user of HTTP Basic, else "anonymous".
registry::By by(const net::Request& request);

// Prompts are registered models with a tag. A search that does not ask for them does not see them.
inline constexpr std::string_view kIsPrompt = "mlflow.prompt.is_prompt";
bool is_prompt(const std::vector<KeyValue>& tags);

struct SearchBounds {
  std::int64_t page_default = 0;
  std::int64_t page_limit = 0;
  bool versions = false;  // of model versions; else of models
};
Result<registry::Search> to_search(const RegistrySearch& in, const SearchBounds& bounds);

}  // namespace slipway::wire::mlflow
