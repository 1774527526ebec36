// SPDX-License-Identifier: Apache-2.0
// What served, and what stood where, at a time: "what was in production on 3 March?"
#pragma once

#include <string>

#include "messages_promotions.h"

namespace slipway::registry {
class Registry;
}
namespace slipway::serving {
class Endpoints;
}

namespace slipway::wire::api {

// `at` is a day ("2026-03-03", UTC) or a moment (RFC 3339).
Result<PastJson> past_of_model(registry::Registry& registry, const std::string& model,
                               const std::string& at);
// What `endpoint` (empty: each) answered with; aliases as they stood then.
Result<PastJson> past_of_endpoints(registry::Registry& registry, serving::Endpoints& endpoints,
                                   const std::string& endpoint, const std::string& at);

}  // namespace slipway::wire::api
