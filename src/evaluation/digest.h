// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.h"

namespace slipway::evaluation {

// Of a dataset that changed last at that time.
std::string digest_of(const std::string& name, Timestamp at);

}  // namespace slipway::evaluation
