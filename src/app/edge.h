// SPDX-License-Identifier: Apache-2.0
// One version, the server and its libraries as a folder that serves anywhere, without a network.
#pragma once

#include <cstdint>
#include <string>

#include "app/platform.h"

namespace slipway::app {

struct EdgeReport {
  std::string model;
  std::string version;
  std::string flavors;
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
};

// `target`: MODEL@ALIAS, MODEL/VERSION, or MODEL for its champion. `folder` must not be there. The
// version is loaded in the new folder before this returns: what is there can be served. A model
// that needs Python is refused.
Result<EdgeReport> export_edge(Platform& from, const std::string& target,
                               const std::string& folder);

}  // namespace slipway::app
