// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "net/http.h"

namespace slipway::wire::scoring {

int status_of(Code code);
// {"error_code": "BAD_REQUEST", "message": "text"}
net::Response render(const net::Request& request, const Error& error);

}  // namespace slipway::wire::scoring
