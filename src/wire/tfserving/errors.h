// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "net/http.h"

namespace slipway::wire::tfserving {

int status_of(Code code);
// {"error": "text"}
net::Response render(const net::Request& request, const Error& error);

}  // namespace slipway::wire::tfserving
