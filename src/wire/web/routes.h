// SPDX-License-Identifier: Apache-2.0
// The web page: its files from inside the executable, and index.html for the pages that it draws
// itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/http.h"

namespace slipway::wire::web {

void add_web_routes(net::Router& router);

}  // namespace slipway::wire::web
