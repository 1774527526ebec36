// SPDX-License-Identifier: Apache-2.0
// A running server as the target of a transfer.
#pragma once

#include <memory>

#include "client.h"
#include "transfer/transfer.h"

namespace slipway::cli {

std::unique_ptr<transfer::Target> make_remote_target(const Client& client);

}  // namespace slipway::cli
