// SPDX-License-Identifier: Apache-2.0
// Errors of Slipway's own API: RFC 9457 problem documents.
#pragma once

#include "base/result.h"
#include "net/http.h"

namespace slipway::wire::api {

int status_of(Code code);

// {"type", "title", "status", "detail", "instance", "code", "hint", "request_id"}
net::Response problem(const net::Request& request, const Error& error);

}  // namespace slipway::wire::api
