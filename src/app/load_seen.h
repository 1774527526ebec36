// SPDX-License-Identifier: Apache-2.0
// What the monitor asks of serving: who answers, and how much is asked.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "monitor/types.h"

namespace slipway::serving {
class Endpoints;
struct EndpointView;
}  // namespace slipway::serving

namespace slipway::app {

class SharedTraffic;

// The versions that callers get an answer from; nothing while any is still being loaded.
std::vector<std::string> answering(const serving::EndpointView& view);
// True as well while it is not known.
bool answers(serving::Endpoints& endpoints, const std::string& endpoint,
             const std::string& version);
// Of all endpoints; `others` may be null.
Result<std::vector<monitor::LoadSeen>> load_seen(serving::Endpoints& endpoints,
                                                 SharedTraffic* others);

}  // namespace slipway::app
