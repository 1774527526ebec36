// SPDX-License-Identifier: Apache-2.0
// Errors as exporters read them: the status says whether to send again, the body why.
#pragma once

#include <string>

#include "base/result.h"
#include "net/http.h"

namespace slipway::wire::otlp {

net::Response refuse(int status, const std::string& why);
net::Response render(const Error& error);

}  // namespace slipway::wire::otlp
