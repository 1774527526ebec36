// SPDX-License-Identifier: Apache-2.0
#include "app/version.h"

namespace slipway::app {

std::string version() {
  return SLIPWAY_VERSION;
}

}  // namespace slipway::app
