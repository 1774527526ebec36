// SPDX-License-Identifier: Apache-2.0
// Answers a GET from a list of files. Apart from routes.h for the tests.
#pragma once

#include <vector>

#include "embedded.h"
#include "net/http.h"

namespace slipway::wire::web {

// `path`: the part after the first slash.
Result<net::Response> serve(const std::vector<EmbeddedFile>& files, const net::Request& request,
                            std::string_view path);

}  // namespace slipway::wire::web
