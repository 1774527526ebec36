// SPDX-License-Identifier: Apache-2.0
// Errors as a sender of alerts understands them: only the status counts.
#pragma once

#include "base/result.h"
#include "net/http.h"

namespace slipway::wire::alertmanager {

net::Response refuse(const Error& error);

}  // namespace slipway::wire::alertmanager
