// SPDX-License-Identifier: Apache-2.0
// An identifier for each request: as Ids::sortable, into a text that was used before.
#pragma once

#include <string>

namespace slipway {

void write_sortable_id(std::string& into);

}  // namespace slipway
