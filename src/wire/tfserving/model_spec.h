// SPDX-License-Identifier: Apache-2.0
// Which version of which model a request means.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"
#include "serving/endpoints.h"

namespace slipway::wire::tfserving {

struct ModelSpec {
  std::string name;
  std::string version;    // empty: as the endpoint routes
  std::string label;      // an alias, instead of a version
  std::string signature;  // every version has one, called serving_default
};

constexpr std::string_view kSignature = "serving_default";

// `headers`: for endpoints that route by them.
Result<serving::Target> pick(const serving::Endpoints& endpoints, const ModelSpec& spec,
                             const net::Headers& headers);

// A version and its state, as clients ask for it.
struct VersionState {
  std::string version;
  std::string_view name;     // "AVAILABLE"
  std::uint64_t number = 0;  // of the same in gRPC
  std::string error;
};
Result<std::vector<VersionState>> states_of(const serving::Endpoints& endpoints,
                                            const ModelSpec& spec);

}  // namespace slipway::wire::tfserving
